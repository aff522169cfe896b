/* 'A' to 'F' answer a 10-bit reading of A0 to A5, high byte first; other bytes become the duty of the PWM on pin 9. */
#include "uart.h"

int main(void) {
  uartBegin(_BV(RXEN0) | _BV(TXEN0));
  ADCSRA = _BV(ADEN) | 7;
  DDRB = _BV(PB1) | _BV(PB5);
  TCCR1A = _BV(COM1A1) | _BV(WGM10);
  TCCR1B = _BV(CS11) | _BV(CS10);
  for (;;) {
    uint8_t byte = uartGet();
    if (byte >= 'A' && byte <= 'F') {
      ADMUX = _BV(REFS0) | (byte - 'A');
      ADCSRA |= _BV(ADSC);
      while (ADCSRA & _BV(ADSC)) {
      }
      uint16_t reading = ADC;
      uartPut(reading >> 8);
      uartPut(reading & 0xff);
    } else {
      OCR1A = byte;
      PORTB ^= _BV(PB5);
    }
  }
}
