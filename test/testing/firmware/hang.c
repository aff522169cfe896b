/* At 100 ms it hangs under a watchdog of 60 ms; after the watchdog reset it says the reset flags and echoes. */
#include <util/delay.h>
#include "uart.h"

int main(void) {
  uartBegin(_BV(RXEN0) | _BV(TXEN0));
  if (!(resetFlags & _BV(WDRF))) {
    _delay_ms(100);
    wdt_enable(WDTO_60MS);
    for (;;) {
    }
  }
  uartPut(resetFlags);
  for (;;) uartPut(uartGet());
}
