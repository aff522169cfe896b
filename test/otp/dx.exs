# A client as BotArmy's ports write one (adobe/bot_army): `{:packet, 2}` and nothing else, no ids, the first message wins.
# `elixir -r test/otp/dx.exs -e '...'`

defmodule Msgpack do
  @moduledoc "The part of MessagePack that the calls need; atoms go as strings and maps come back with string keys, as in Msgpax."
  import Bitwise

  def pack(nil), do: <<0xC0>>
  def pack(false), do: <<0xC2>>
  def pack(true), do: <<0xC3>>
  def pack(atom) when is_atom(atom), do: pack(Atom.to_string(atom))
  def pack(float) when is_float(float), do: <<0xCB, float::64-float>>
  def pack(n) when n in 0..127, do: <<n>>
  def pack(n) when n in -32..-1, do: <<n::8-signed>>
  def pack(n) when is_integer(n) and n > 0, do: <<0xCF, n::64>>
  def pack(n) when is_integer(n), do: <<0xD3, n::64-signed>>
  def pack({:bin, bytes}), do: <<0xC5, byte_size(bytes)::16, bytes::binary>>
  def pack(text) when byte_size(text) < 32, do: <<0xA0 ||| byte_size(text), text::binary>>
  def pack(text) when is_binary(text), do: <<0xDA, byte_size(text)::16, text::binary>>
  def pack(list) when is_list(list), do: <<0xDC, length(list)::16>> <> Enum.map_join(list, &pack/1)

  def pack(map) when is_map(map),
    do: <<0xDE, map_size(map)::16>> <> Enum.map_join(map, fn {k, v} -> pack(k) <> pack(v) end)

  @doc "Strict: one value, nothing after it."
  def unpack(bytes) do
    case value(bytes) do
      {value, ""} -> {:ok, value}
      {_, rest} -> {:error, {:excess_bytes, rest}}
      :incomplete -> {:error, :incomplete}
    end
  end

  defp value(<<n, rest::binary>>) when n < 0x80, do: {n, rest}
  defp value(<<8::4, n::4, rest::binary>>), do: map(n, rest, %{})
  defp value(<<9::4, n::4, rest::binary>>), do: list(n, rest, [])
  defp value(<<5::3, n::5, text::binary-size(n), rest::binary>>), do: {text, rest}
  defp value(<<0xC0, rest::binary>>), do: {nil, rest}
  defp value(<<0xC2, rest::binary>>), do: {false, rest}
  defp value(<<0xC3, rest::binary>>), do: {true, rest}
  defp value(<<0xC4, n, bytes::binary-size(n), rest::binary>>), do: {bytes, rest}
  defp value(<<0xC5, n::16, bytes::binary-size(n), rest::binary>>), do: {bytes, rest}
  defp value(<<0xCA, f::32-float, rest::binary>>), do: {f, rest}
  defp value(<<0xCB, f::64-float, rest::binary>>), do: {f, rest}
  defp value(<<0xCC, n, rest::binary>>), do: {n, rest}
  defp value(<<0xCD, n::16, rest::binary>>), do: {n, rest}
  defp value(<<0xCE, n::32, rest::binary>>), do: {n, rest}
  defp value(<<0xCF, n::64, rest::binary>>), do: {n, rest}
  defp value(<<0xD0, n::8-signed, rest::binary>>), do: {n, rest}
  defp value(<<0xD1, n::16-signed, rest::binary>>), do: {n, rest}
  defp value(<<0xD2, n::32-signed, rest::binary>>), do: {n, rest}
  defp value(<<0xD3, n::64-signed, rest::binary>>), do: {n, rest}
  defp value(<<0xD9, n, text::binary-size(n), rest::binary>>), do: {text, rest}
  defp value(<<0xDA, n::16, text::binary-size(n), rest::binary>>), do: {text, rest}
  defp value(<<0xDC, n::16, rest::binary>>), do: list(n, rest, [])
  defp value(<<0xDE, n::16, rest::binary>>), do: map(n, rest, %{})
  defp value(<<n, rest::binary>>) when n >= 0xE0, do: {n - 0x100, rest}
  defp value(_), do: :incomplete

  defp list(0, rest, items), do: {Enum.reverse(items), rest}

  defp list(n, bytes, items) do
    with {item, rest} <- value(bytes), do: list(n - 1, rest, [item | items])
  end

  defp map(0, rest, map), do: {map, rest}

  defp map(n, bytes, map) do
    with {key, rest} <- value(bytes), {value, rest} <- value(rest), do: map(n - 1, rest, Map.put(map, key, value))
  end
end

defmodule Dx do
  @call_timeout 5_000
  @close_timeout 1_000

  @doc "The bots trap exits, so the tests do."
  def open([program | args], options \\ []) do
    Process.flag(:trap_exit, true)
    Port.open({:spawn_executable, System.find_executable(program)}, [{:packet, 2}, {:args, args} | options])
  end

  @doc "One action byte, then the arguments. The answer has no id: the first message of the port is taken for it."
  def call(port, action, args, timeout \\ @call_timeout) do
    Port.command(port, [action, Msgpack.pack(args)])

    receive do
      {^port, {:data, data}} -> data |> IO.iodata_to_binary() |> Msgpack.unpack()
    after
      timeout -> {:error, :timeout}
    end
  end

  @doc "Done is the integer 0 and nothing else."
  def create(port, action, args \\ %{}, timeout \\ @call_timeout) do
    case call(port, action, args, timeout) do
      {:ok, 0} -> :succeed
      _ -> :fail
    end
  end

  def close(port) do
    Port.close(port)

    receive do
      {:EXIT, ^port, :normal} -> :succeed
      other -> {:error, other}
    after
      @close_timeout -> {:error, :timeout}
    end
  end

  @doc "Calls until an answer comes that is no error: the board may still be booting."
  def warm_up(port, action, args) do
    case call(port, action, args) do
      {:ok, %{"error" => _}} -> warm_up(port, action, args)
      {:error, _} -> warm_up(port, action, args)
      answer -> answer
    end
  end

  @doc "The answer, and how long it took in ms."
  def timed(work) do
    {us, answer} = :timer.tc(work)
    {answer, div(us, 1000)}
  end

  @doc "One line on stdout for the test to read."
  def say(term), do: IO.puts(inspect(term, limit: :infinity, printable_limit: :infinity, width: 1_000_000))

  @doc "All messages of the port up to the last one, which `last?` knows, and how long they took in ms."
  def messages(port, last?, messages \\ []) do
    receive do
      message ->
        messages = [message | messages]
        if last?.(message), do: Enum.reverse(messages), else: messages(port, last?, messages)
    after
      2_000 -> Enum.reverse(messages)
    end
  end
end
