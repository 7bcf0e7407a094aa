#include "CLoader.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void fail(const char *library) {
    const char *reason = dlerror();
    dprintf(2, "nest-bootstrap: error while loading library '%s': %s\n", library, reason ? reason : "cannot protect it");
    _exit(127);
}

void nest_load(const char *library, const char *const *names, void **functions, size_t count) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) fail(library);
    for (size_t index = 0; index < count; index++) {
        functions[index] = dlsym(handle, names[index]);
        if (!functions[index]) fail(library);
    }
    if (mprotect(functions, NEST_PAGE_SIZE, PROT_READ) != 0) fail(library);
}
