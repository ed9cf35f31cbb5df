/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_FAULTS_H
#define ZRACE_FAULTS_H

#include <stdint.h>

/* The ZCL_FAULT_* bit of a name ("nid-order"); 0: there is none, or this build has no faults. */
uint32_t zrace_fault_of(const char *name);

#endif
