// The core's header with its own warnings left to it; as a system header the AVR's compiler would take it for C.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include_next <SoftwareSerial.h>
#pragma GCC diagnostic pop
