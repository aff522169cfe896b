#include "support.h"

using namespace portwire;

TEST_CASE("the CRC of 123456789 is X-25's check value") {
  CHECK(crc16(reinterpret_cast<const uint8_t*>("123456789"), 9) == 0x906E);
}

TEST_CASE("the CRC of nothing is zero") { CHECK(crc16(nullptr, 0) == 0); }

TEST_CASE("data and their own CRC leave the residue") {
  uint16_t crc = detail::kCrcStart;
  for (uint8_t byte : fromHex("3132333435363738396e90")) crc = detail::crcAdd(crc, byte);
  CHECK(crc == detail::kCrcResidue);
}
