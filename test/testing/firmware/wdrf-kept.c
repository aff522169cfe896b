/* Never clears WDRF: the first watchdog reset leads to the next, every 16 ms. Says '.' at each boot. */
#include <avr/io.h>
#include <avr/wdt.h>

int main(void) {
  UBRR0 = 16;
  UCSR0A = _BV(U2X0);
  UCSR0B = _BV(TXEN0);
  UDR0 = '.';
  if (!(MCUSR & _BV(WDRF))) wdt_enable(WDTO_15MS);
  wdt_disable();
  if (!(MCUSR & _BV(WDRF))) wdt_enable(WDTO_15MS);
  for (;;) {
  }
}
