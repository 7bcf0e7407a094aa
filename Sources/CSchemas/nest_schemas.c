#include "CSchemas.h"

// The schemas are embedded, so that they always match the program. Their pages are read from disk only when used.
static const unsigned char text[] = {
#embed "kubernetes-schemas.txt"
};

const unsigned char *nest_schemas(unsigned long *size) {
    *size = sizeof text;
    return text;
}
