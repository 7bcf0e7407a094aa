#ifndef NEST_CSCHEMAS_H
#define NEST_CSCHEMAS_H

/// The text that `tools/schemas` writes, and its number of bytes.
const unsigned char *nest_schemas(unsigned long *size);

#endif
