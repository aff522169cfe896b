# Ruby: IO.popen, a prefix of two bytes, ruby-msgpack where it is installed, else a codec in plain Ruby.

ACTION = 0
WARM_UP_CALLS = 10_000

# The part of MessagePack that the payload needs.
module PlainMsgpack
  module_function

  def pack(value)
    case value
    when nil then "\xC0".b
    when true then "\xC3".b
    when false then "\xC2".b
    when 0..0x7F then [value].pack('C')
    when 0x80..0xFF then [0xCC, value].pack('CC')
    when 0x100..0xFFFF then [0xCD, value].pack('Cn')
    when 0x10000..0xFFFFFFFF then [0xCE, value].pack('CN')
    when String then [0xA0 | value.bytesize].pack('C') << value.b
    when Hash then value.each_with_object([0x80 | value.size].pack('C')) { |(k, v), out| out << pack(k) << pack(v) }
    else raise ArgumentError, "a #{value.class} is not known here"
    end
  end

  def unpack(bytes)
    value, at = value(bytes, 0)
    raise ArgumentError, 'bytes behind the value' unless at == bytes.bytesize

    value
  end

  def value(bytes, at)
    head = bytes.getbyte(at)
    case head
    when 0x00..0x7F then [head, at + 1]
    when 0x80..0x8F then map(head & 15, bytes, at + 1)
    when 0xA0..0xBF then [bytes.byteslice(at + 1, head & 31).force_encoding('UTF-8'), at + 1 + (head & 31)]
    when 0xC0 then [nil, at + 1]
    when 0xC2, 0xC3 then [head == 0xC3, at + 1]
    when 0xCC then [bytes.getbyte(at + 1), at + 2]
    when 0xCD then [bytes.byteslice(at + 1, 2).unpack1('n'), at + 3]
    when 0xCE then [bytes.byteslice(at + 1, 4).unpack1('N'), at + 5]
    else raise ArgumentError, format('byte %02x is not known here', head)
    end
  end

  def map(count, bytes, at)
    members = {}
    count.times do
      key, at = value(bytes, at)
      members[key], at = value(bytes, at)
    end
    [members, at]
  end
end

begin
  require 'msgpack'
  CODEC = MessagePack
rescue LoadError
  CODEC = PlainMsgpack
end

def send_call(io, id)
  body = CODEC.pack({ 'id' => id, 'name' => 'vent', 'on' => true })
  io.write([1 + body.bytesize, ACTION].pack('nC') << body)
end

def take_reply(io, id)
  reply = CODEC.unpack(io.read(io.read(2).unpack1('n')))
  return if reply['id'] == id && reply['name'] == 'vent' && reply['on'] == true

  raise "call #{id} was answered by #{reply}"
end

def run(io, calls, in_flight)
  in_flight.times { |id| send_call(io, id) }
  calls.times do |id|
    take_reply(io, id)
    send_call(io, id + in_flight) if id + in_flight < calls
  end
end

program, calls, in_flight = ARGV
IO.popen([program], 'r+b') do |io|
  io.sync = true
  run(io, WARM_UP_CALLS, in_flight.to_i)
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond)
  run(io, calls.to_i, in_flight.to_i)
  puts Process.clock_gettime(Process::CLOCK_MONOTONIC, :microsecond) - start
end
