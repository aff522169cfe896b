// Any bytes as values: no reader passes their end, and what a reader takes the writer gives back.
#include "../probe/verdict.h"
#include "check.h"

using namespace portwire;

namespace {

/// What a device would do with arguments: one value after the other, each by its own type, until something cannot be read.
void readAll(const uint8_t* data, size_t bytes) {
  Reader reader(data, bytes);
  for (size_t values = 0; !reader.atEnd(); ++values) {
    FUZZ_CHECK(values <= bytes);
    uint8_t buffer[16];
    Writer writer(buffer, sizeof buffer);
    const Reader before = reader;
    bool flag = false;
    uint32_t number = 0;
    int32_t integer = 0;
    float real = 0;
    uint16_t items = 0;
    size_t length = 0;
    const char* text = nullptr;
    const uint8_t* content = nullptr;
    if (reader.takeNil() || reader.readBool(&flag) == Status::kOk || reader.readArray(&items) == Status::kOk) continue;
    if (reader.readText(&text, &length) == Status::kOk) {
      FUZZ_CHECK(reinterpret_cast<const uint8_t*>(text) + length <= data + bytes);
      continue;
    }
    if (reader.readBytes(&content, &length) == Status::kOk) {
      FUZZ_CHECK(content + length <= data + bytes);
      continue;
    }
    if (reader.readUnsigned(&number, 0xFFFFFFFF) == Status::kOk) {
      writer.writeUnsigned(number);
      Reader again(buffer, writer.bytes());
      uint32_t same = 0;
      FUZZ_CHECK(again.readUnsigned(&same, number) == Status::kOk && same == number && again.atEnd());
      continue;
    }
    reader = before;
    if (reader.readSigned(&integer, 0x7FFFFFFF) == Status::kOk) {
      writer.writeSigned(integer);
      Reader again(buffer, writer.bytes());
      int32_t same = 0;
      FUZZ_CHECK(again.readSigned(&same, 0x7FFFFFFF) == Status::kOk && same == integer && again.atEnd());
      continue;
    }
    reader = before;
    if (reader.readFloat(&real) != Status::kOk) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  probe::Hash hash;
  probe::addValues(hash, data, bytes);
  readAll(data, bytes);
  return 0;
}
