// portwire: a microcontroller on a UART, held from the host like a process. This header only includes.
#ifndef PORTWIRE_H
#define PORTWIRE_H

#include "portwire/acknowledged_events.h"
#include "portwire/baud_rates.h"
#include "portwire/array.h"
#include "portwire/contract.h"
#include "portwire/crc16.h"
#include "portwire/dead_man.h"
#include "portwire/describe.h"
#include "portwire/device.h"
#include "portwire/end_of_input.h"
#include "portwire/frame.h"
#include "portwire/in_range.h"
#include "portwire/job.h"
#include "portwire/jobs.h"
#include "portwire/line_bare.h"
#include "portwire/log.h"
#include "portwire/packet.h"
#include "portwire/plain_events.h"
#include "portwire/protocol.h"
#include "portwire/remote_reset.h"
#include "portwire/requests.h"
#include "portwire/stats.h"
#include "portwire/status.h"
#include "portwire/wide_values.h"

#if defined(ARDUINO)
#include "portwire/line_arduino.h"
#elif defined(__linux__)
#include "portwire/line_native.h"
#endif

#endif
