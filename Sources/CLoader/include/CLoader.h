#ifndef NEST_CLOADER_H
#define NEST_CLOADER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/// The largest size of a page on which the program runs.
#ifdef __x86_64__
#define NEST_PAGE_SIZE 4096
#else
#define NEST_PAGE_SIZE 65536
#endif

/// A function of a library by its name, and the place of its pointer.
#define NEST_LOADED_MEMBER(name) __typeof__(&name) name;
#define NEST_LOADED_NAME(name) #name,

/// Declares `loaded()`, which returns the functions of a library by their names, and loads the library at its first call.
///
/// The pointers are on pages of their own. Like relocations with full RELRO, they are all set before the first one is used,
/// and nothing can change them afterwards.
#define NEST_LIBRARY(library, list)                                                                                            \
    static union {                                                                                                             \
        struct {                                                                                                               \
            list(NEST_LOADED_MEMBER)                                                                                           \
        } named;                                                                                                               \
        void *all[NEST_PAGE_SIZE / sizeof(void *)];                                                                            \
    } functions __attribute__((aligned(NEST_PAGE_SIZE)));                                                                      \
    _Static_assert(sizeof(functions) == NEST_PAGE_SIZE, "the functions fit on one page");                                      \
    static pthread_once_t is_loaded = PTHREAD_ONCE_INIT;                                                                       \
    static void load(void) {                                                                                                   \
        static const char *const names[] = {list(NEST_LOADED_NAME)};                                                           \
        _Static_assert(sizeof(functions.named) == sizeof(names), "one name for each function");                                \
        nest_load(library, names, functions.all, sizeof(names) / sizeof(*names));                                              \
    }                                                                                                                          \
    static const __typeof__(functions.named) *loaded(void) {                                                                   \
        pthread_once(&is_loaded, load);                                                                                        \
        return &functions.named;                                                                                               \
    }

/// Defines a function that calls that of the library.
#define NEST_FORWARD(type, name, parameters, arguments)                                                                        \
    type nest_##name parameters {                                                                                              \
        return loaded()->name arguments;                                                                                       \
    }

/// Adds a library to the program's notes about the libraries that it loads while it runs, which packagers read.
///
/// The format is https://uapi-group.org/specifications/specs/elf_dlopen_metadata. `name` is the note's name in C.
#define NEST_NOTE_LIBRARY(name, feature, library)                                                                              \
    NEST_NOTE(name, "[{\"feature\":\"" feature "\",\"priority\":\"required\",\"soname\":[\"" library "\"]}]")
#define NEST_NOTE(note, json)                                                                                                  \
    __attribute__((used, retain, section(".note.dlopen"), aligned(4))) static const struct {                                   \
        uint32_t name_size, content_size, type;                                                                                \
        char name[4];                                                                                                          \
        char content[(sizeof(json) + 3) & ~3];                                                                                 \
    } note = {4, sizeof(json), 0x407c0c0a, "FDO", json}

/// Loads a library with all that it needs, and finds functions of it.
///
/// What is missing ends the process with status 127, as the dynamic linker does. The pages of `functions` become read-only.
void nest_load(const char *library, const char *const *names, void **functions, size_t count);

#endif
