/* Shared by the test firmwares: the UART at BAUD with U2X, and the watchdog off after a watchdog reset. */
#pragma once
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>
#include <stdint.h>

#ifndef BAUD
#define BAUD 115200UL
#endif

/* What MCUSR said at reset; cleared at once, since WDRF keeps the watchdog on. */
static uint8_t resetFlags __attribute__((section(".noinit")));

static void readResetFlags(void) __attribute__((naked, used, section(".init3")));
static void readResetFlags(void) {
  resetFlags = MCUSR;
  MCUSR = 0;
  wdt_disable();
}

static inline void uartBegin(uint8_t enabled) {
  UBRR0 = (F_CPU + 4 * BAUD) / (8 * BAUD) - 1;
  UCSR0A = _BV(U2X0);
  UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
  UCSR0B = enabled;
}

static inline void uartPut(uint8_t byte) {
  while (!(UCSR0A & _BV(UDRE0))) {
  }
  UDR0 = byte;
}

static inline uint8_t uartGet(void) {
  while (!(UCSR0A & _BV(RXC0))) {
  }
  return UDR0;
}
