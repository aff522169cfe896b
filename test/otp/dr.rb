# A client as RexPort writes one (TreyE/rex_port): a spawned child, a prefix of four bytes; one byte on stderr is its death, a timeout
# its end by SIGKILL, and a new child serves the next request. `ruby -r./test/otp/dr.rb -e '...'`

require 'stringio'

# The part of MessagePack that the requests need.
module Msgpack
  module_function

  def pack(value)
    case value
    when nil then "\xC0".b
    when 0..127 then [value].pack('C')
    when Integer then [0xD3, value].pack('Cq>')
    when Array then [0xDC, value.size].pack('Cn') + value.map { |item| pack(item) }.join
    when String then [0xDA, value.bytesize].pack('Cn') + value.b
    end
  end

  def unpack(bytes)
    value(StringIO.new(bytes))
  end

  def value(bytes)
    head = bytes.readbyte
    case head
    when 0x00..0x7F then head
    when 0x80..0x8F then Array.new(head & 15) { [value(bytes), value(bytes)] }.to_h
    when 0x90..0x9F then Array.new(head & 15) { value(bytes) }
    when 0xA0..0xBF then bytes.read(head & 31).force_encoding('UTF-8')
    when 0xC0 then nil
    when 0xC2, 0xC3 then head == 0xC3
    when 0xCC then bytes.readbyte
    when 0xCD then bytes.read(2).unpack1('n')
    when 0xCE then bytes.read(4).unpack1('N')
    when 0xD9 then bytes.read(bytes.readbyte).force_encoding('UTF-8')
    else raise ArgumentError, format('byte %02x is not known here', head)
    end
  end
end

class Dr
  class ReadError < StandardError; end
  class RequestTimeout < StandardError; end

  attr_reader :starts

  def initialize(command, timeout: 5)
    @command = command
    @timeout = timeout
    @starts = 0
    start
  end

  def request(action, args)
    body = action.chr.b + Msgpack.pack(args)
    @input.write([body.bytesize].pack('N') + body)
    Msgpack.unpack(read(read(4).unpack1('N')))
  rescue Errno::EPIPE
    failed(ReadError, 'the child is gone')
  end

  def close
    Process.kill('KILL', @pid)
    Process.wait(@pid)
    [@input, @output, @error].each(&:close)
  end

  private

  def start
    child_input, @input = IO.pipe
    @output, child_output = IO.pipe
    @error, child_error = IO.pipe
    [@input, @output].each(&:binmode)
    @input.sync = true
    @pid = Process.spawn(*@command, in: child_input, out: child_output, err: child_error)
    [child_input, child_output, child_error].each(&:close)
    @starts += 1
  end

  # The deadline covers the whole answer; the original's covers its first byte.
  def read(count)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + @timeout
    bytes = ''.b
    while bytes.bytesize < count
      left = deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC)
      ready, = IO.select([@error, @output], nil, nil, [left, 0].max)
      failed(RequestTimeout, "nothing within #{@timeout} s") if ready.nil?
      if ready.include?(@error)
        text = @error.read_nonblock(4096, exception: false)
        failed(ReadError, text.to_s)
      end
      chunk = @output.read_nonblock(count - bytes.bytesize, exception: false)
      failed(ReadError, 'the child is gone') if chunk.nil?
      bytes << chunk unless chunk == :wait_readable
    end
    bytes
  end

  def failed(error, text)
    close
    start
    raise error, text
  end
end

# One line on stdout for the test to read.
def say(value)
  puts value.inspect
  $stdout.flush
end

# The answer, or the name and text of the error.
def outcome
  yield
rescue Dr::ReadError, Dr::RequestTimeout => e
  [e.class.name, e.message]
end
