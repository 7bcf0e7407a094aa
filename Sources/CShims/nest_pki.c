#include "nest_pki.h"
