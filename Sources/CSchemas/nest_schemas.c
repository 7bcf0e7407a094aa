#include "CSchemas.h"

// A part of the program, so that no program is with the schemas of another version of it. Its pages are read from the
// disk when they are used.
static const unsigned char text[] = {
#embed "kubernetes-schemas.txt"
};

const unsigned char *nest_schemas(unsigned long *size) {
    *size = sizeof text;
    return text;
}
