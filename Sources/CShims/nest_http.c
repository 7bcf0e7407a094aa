#include "nest_http.h"
