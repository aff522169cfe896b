/* Leaves the UART alone for 10 ms, then says how many bytes it still finds, how often DOR was set, and the bytes. */
#include <util/delay.h>
#include "uart.h"

int main(void) {
  uint8_t found[16], count = 0, overruns = 0;
  uartBegin(_BV(RXEN0) | _BV(TXEN0));
  _delay_ms(10);
  for (;;) {
    uint8_t status = UCSR0A;
    if (!(status & _BV(RXC0))) break;
    if (status & _BV(DOR0)) overruns++;
    found[count++] = UDR0;
  }
  uartPut(count);
  uartPut(overruns);
  for (uint8_t i = 0; i < count; i++) uartPut(found[i]);
  for (;;) uartPut(uartGet());
}
