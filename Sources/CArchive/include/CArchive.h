#ifndef NEST_CARCHIVE_H
#define NEST_CARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

// libarchive is loaded by the first call of one of these functions, each of which calls that of its name.

struct archive *nest_archive_read_new(void);
int nest_archive_read_free(struct archive *reader);
int nest_archive_read_support_format_raw(struct archive *reader);
int nest_archive_read_support_format_tar(struct archive *reader);
int nest_archive_read_support_format_zip(struct archive *reader);
int nest_archive_read_support_filter_bzip2(struct archive *reader);
int nest_archive_read_support_filter_gzip(struct archive *reader);
int nest_archive_read_support_filter_lz4(struct archive *reader);
int nest_archive_read_support_filter_xz(struct archive *reader);
int nest_archive_read_support_filter_zstd(struct archive *reader);
int nest_archive_read_open(struct archive *reader, void *client, archive_open_callback *open, archive_read_callback *read,
                           archive_close_callback *close);
int nest_archive_read_open_filename(struct archive *reader, const char *path, size_t block);
int nest_archive_read_next_header(struct archive *reader, struct archive_entry **entry);
la_ssize_t nest_archive_read_data(struct archive *reader, void *bytes, size_t capacity);
int nest_archive_format(struct archive *reader);
int nest_archive_filter_count(struct archive *reader);
int nest_archive_errno(struct archive *reader);
const char *nest_archive_error_string(struct archive *reader);
int nest_archive_version_number(void);
const char *nest_archive_entry_pathname(struct archive_entry *entry);
const char *nest_archive_entry_pathname_utf8(struct archive_entry *entry);
const char *nest_archive_entry_hardlink(struct archive_entry *entry);
const char *nest_archive_entry_hardlink_utf8(struct archive_entry *entry);
const char *nest_archive_entry_symlink(struct archive_entry *entry);
const char *nest_archive_entry_symlink_utf8(struct archive_entry *entry);
mode_t nest_archive_entry_mode(struct archive_entry *entry);
mode_t nest_archive_entry_filetype(struct archive_entry *entry);

#endif
