#ifndef NEST_PKI_H
#define NEST_PKI_H

#endif
