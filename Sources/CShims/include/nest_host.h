#ifndef NEST_HOST_H
#define NEST_HOST_H

#endif
