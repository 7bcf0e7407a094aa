#ifndef NEST_HTTP_H
#define NEST_HTTP_H

#endif
