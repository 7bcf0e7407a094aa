#include "CArchive.h"

#include "CLoader.h"

#define ARCHIVE_FUNCTIONS(X)                                                                                                   \
    X(archive_entry_filetype)                                                                                                  \
    X(archive_entry_hardlink)                                                                                                  \
    X(archive_entry_hardlink_utf8)                                                                                             \
    X(archive_entry_mode)                                                                                                      \
    X(archive_entry_pathname)                                                                                                  \
    X(archive_entry_pathname_utf8)                                                                                             \
    X(archive_entry_symlink)                                                                                                   \
    X(archive_entry_symlink_utf8)                                                                                              \
    X(archive_errno)                                                                                                           \
    X(archive_error_string)                                                                                                    \
    X(archive_filter_count)                                                                                                    \
    X(archive_format)                                                                                                          \
    X(archive_read_data)                                                                                                       \
    X(archive_read_free)                                                                                                       \
    X(archive_read_new)                                                                                                        \
    X(archive_read_next_header)                                                                                                \
    X(archive_read_open)                                                                                                       \
    X(archive_read_open_filename)                                                                                              \
    X(archive_read_support_filter_bzip2)                                                                                       \
    X(archive_read_support_filter_gzip)                                                                                        \
    X(archive_read_support_filter_lz4)                                                                                         \
    X(archive_read_support_filter_xz)                                                                                          \
    X(archive_read_support_filter_zstd)                                                                                        \
    X(archive_read_support_format_raw)                                                                                         \
    X(archive_read_support_format_tar)                                                                                         \
    X(archive_read_support_format_zip)                                                                                         \
    X(archive_version_number)

NEST_LIBRARY("libarchive.so.13", ARCHIVE_FUNCTIONS)
NEST_NOTE_LIBRARY(nest_note_archive, "archives", "libarchive.so.13");

NEST_FORWARD(struct archive *, archive_read_new, (void), ())
NEST_FORWARD(int, archive_read_free, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_support_format_raw, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_support_format_tar, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_support_format_zip, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_support_filter_bzip2, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_support_filter_gzip, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_support_filter_lz4, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_support_filter_xz, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_support_filter_zstd, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_read_open,
             (struct archive *reader, void *client, archive_open_callback *open, archive_read_callback *read,
              archive_close_callback *close),
             (reader, client, open, read, close))
NEST_FORWARD(int, archive_read_open_filename, (struct archive *reader, const char *path, size_t block), (reader, path, block))
NEST_FORWARD(int, archive_read_next_header, (struct archive *reader, struct archive_entry **entry), (reader, entry))
NEST_FORWARD(la_ssize_t, archive_read_data, (struct archive *reader, void *bytes, size_t capacity), (reader, bytes, capacity))
NEST_FORWARD(int, archive_format, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_filter_count, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_errno, (struct archive *reader), (reader))
NEST_FORWARD(const char *, archive_error_string, (struct archive *reader), (reader))
NEST_FORWARD(int, archive_version_number, (void), ())
NEST_FORWARD(const char *, archive_entry_pathname, (struct archive_entry *entry), (entry))
NEST_FORWARD(const char *, archive_entry_pathname_utf8, (struct archive_entry *entry), (entry))
NEST_FORWARD(const char *, archive_entry_hardlink, (struct archive_entry *entry), (entry))
NEST_FORWARD(const char *, archive_entry_hardlink_utf8, (struct archive_entry *entry), (entry))
NEST_FORWARD(const char *, archive_entry_symlink, (struct archive_entry *entry), (entry))
NEST_FORWARD(const char *, archive_entry_symlink_utf8, (struct archive_entry *entry), (entry))
NEST_FORWARD(mode_t, archive_entry_mode, (struct archive_entry *entry), (entry))
NEST_FORWARD(mode_t, archive_entry_filetype, (struct archive_entry *entry), (entry))
