#include "nest_host.h"
