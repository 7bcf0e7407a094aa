# shellcheck shell=bash
# Functions for the symbols of other libraries that a program uses. Sourced, never run.

# Prints the oldest version of the C library that has everything a program uses of it.
glibc_of() {
    readelf -VW "$1" | grep -oE 'GLIBC_2[.][0-9]+' | sort -uV | tail -n 1 | cut -d_ -f2
}

# Prints the symbols with a version, such as GLIBC_2.34, that a program uses. usage: symbols_of PROGRAM VERSION
symbols_of() { readelf -W --dyn-syms "$1" | grep -oE "[A-Za-z0-9_]+@+$2\b" | sed 's/@.*//' | sort -u; }
