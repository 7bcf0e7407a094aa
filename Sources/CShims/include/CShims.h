#ifndef NEST_CSHIMS_H
#define NEST_CSHIMS_H

#include "nest_host.h"
#include "nest_http.h"
#include "nest_pki.h"

#endif
