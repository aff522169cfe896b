// What the writer writes at the edges of its short forms and of its room.
#include "support.h"

using namespace portwire;

TEST_CASE("lengths are written in the shortest form on both sides of each bound: arrays 15, texts 31 and 255, bytes 255") {
  static uint8_t buffer[70000];
  static const Content content(65535, 'a');
  const auto headOf = [](const Writer& writer, size_t body) { return toHex(buffer, writer.bytes() - body); };
  const struct {
    size_t bytes;
    const char* text;
    const char* bin;
  } rows[] = {{0, "a0", "c400"},          {30, "be", "c41e"},          {31, "bf", "c41f"},         {32, "d920", "c420"},
              {254, "d9fe", "c4fe"},      {255, "d9ff", "c4ff"},       {256, "da0100", "c50100"},  {65534, "dafffe", "c5fffe"},
              {65535, "daffff", "c5ffff"}};
  for (const auto& row : rows) {
    CAPTURE(row.bytes);
    Writer text(buffer, sizeof buffer);
    text.writeText(reinterpret_cast<const char*>(content.data()), row.bytes);
    CHECK(headOf(text, row.bytes) == row.text);
    Writer bytes(buffer, sizeof buffer);
    bytes.writeBytes(content.data(), row.bytes);
    CHECK(headOf(bytes, row.bytes) == row.bin);
    Writer flash(buffer, sizeof buffer);
    flash.writeFlashBytes(reinterpret_cast<const char*>(content.data()), static_cast<uint16_t>(row.bytes));
    CHECK(headOf(flash, row.bytes) == row.bin);
  }
  const struct {
    uint16_t items;
    const char* head;
  } arrays[] = {{0, "90"}, {14, "9e"}, {15, "9f"}, {16, "dc0010"}, {65534, "dcfffe"}, {65535, "dcffff"}};
  for (const auto& row : arrays) {
    Writer writer(buffer, sizeof buffer);
    writer.writeArray(row.items);
    CHECK(toHex(buffer, writer.bytes()) == row.head);
    Reader reader(buffer, writer.bytes());
    uint16_t items = 0;
    CHECK(reader.readArray(&items) == Status::kOk);
    CHECK(items == row.items);
  }
  // One more than 65,535 items, or bytes, has no place in what a device reads.
  const Content beyond = fromHex("dd00010000");
  Reader reader(beyond.data(), beyond.size());
  uint16_t items = 0;
  CHECK(reader.readArray(&items) == Status::kOutOfRange);
}

TEST_CASE("a writer whose room is one byte short says so, and writes nothing behind it") {
  uint8_t buffer[9] = {};
  for (size_t room = 0; room < 6; ++room) {
    CAPTURE(room);
    buffer[room] = 0x5A;
    Writer writer(buffer, room);
    writer.writeFloat(1);
    CHECK(writer.overflowed() == (room < 5));
    CHECK(buffer[room] == 0x5A);
  }
}
