#ifndef NEST_CSCHEMAS_H
#define NEST_CSCHEMAS_H

/// Returns the text that `tools/schemas` writes, and stores its number of bytes in `size`.
const unsigned char *nest_schemas(unsigned long *size);

#endif
