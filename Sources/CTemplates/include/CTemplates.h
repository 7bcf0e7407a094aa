#ifndef NEST_CTEMPLATES_H
#define NEST_CTEMPLATES_H

/// A file that `nest-bootstrap init KIND` writes.
struct nest_template {
    const char *kind;
    /// The path relative to the output directory, such as `manifests/flannel.yaml`.
    const char *path;
    const unsigned char *content;
    /// The number of bytes.
    unsigned long size;
};

/// Returns the files of all kinds, and stores their number in `count`.
const struct nest_template *nest_templates(unsigned long *count);

#endif
