%% Erlang's own ports: open_port with {packet,2}, and the messages packed and unpacked by a codec in plain Erlang.
-module(host_erlang).
-export([main/1]).

-define(ACTION, 0).
-define(WARM_UP_CALLS, 10000).

main([Program, CallsText, InFlightText]) ->
    Calls = list_to_integer(CallsText),
    InFlight = list_to_integer(InFlightText),
    Port = open_port({spawn_executable, Program}, [{packet, 2}, binary, use_stdio]),
    run(Port, ?WARM_UP_CALLS, InFlight),
    Start = erlang:monotonic_time(microsecond),
    run(Port, Calls, InFlight),
    io:format("~b~n", [erlang:monotonic_time(microsecond) - Start]),
    port_close(Port),
    halt(0).

run(Port, Calls, InFlight) ->
    [send(Port, Id) || Id <- lists:seq(0, InFlight - 1)],
    receive_all(Port, 0, InFlight, Calls).

receive_all(_, Calls, _, Calls) -> ok;
receive_all(Port, Id, Next, Calls) ->
    receive
        {Port, {data, Data}} -> #{<<"id">> := Id, <<"name">> := <<"vent">>, <<"on">> := true} = unpack(Data)
    end,
    case Next < Calls of
        true -> send(Port, Next), receive_all(Port, Id + 1, Next + 1, Calls);
        false -> receive_all(Port, Id + 1, Next, Calls)
    end.

send(Port, Id) ->
    port_command(Port, [?ACTION, pack(#{<<"id">> => Id, <<"name">> => <<"vent">>, <<"on">> => true})]).

%% The shortest form of each value, as an iolist.
pack(nil) -> 16#c0;
pack(false) -> 16#c2;
pack(true) -> 16#c3;
pack(N) when is_integer(N), N >= 0 ->
    if
        N < 16#80 -> N;
        N < 16#100 -> <<16#cc, N>>;
        N < 16#10000 -> <<16#cd, N:16>>;
        N < 16#100000000 -> <<16#ce, N:32>>;
        true -> <<16#cf, N:64>>
    end;
pack(N) when is_integer(N) ->
    if
        N >= -16#20 -> <<N:8>>;
        N >= -16#80 -> <<16#d0, N:8>>;
        N >= -16#8000 -> <<16#d1, N:16>>;
        N >= -16#80000000 -> <<16#d2, N:32>>;
        true -> <<16#d3, N:64>>
    end;
pack(F) when is_float(F) -> <<16#cb, F/float>>;
pack(Text) when is_binary(Text) ->
    case byte_size(Text) of
        N when N < 32 -> [16#a0 bor N, Text];
        N when N < 16#100 -> [<<16#d9, N>>, Text];
        N when N < 16#10000 -> [<<16#da, N:16>>, Text];
        N -> [<<16#db, N:32>>, Text]
    end;
pack(List) when is_list(List) ->
    case length(List) of
        N when N < 16 -> [16#90 bor N | [pack(Item) || Item <- List]];
        N when N < 16#10000 -> [<<16#dc, N:16>> | [pack(Item) || Item <- List]]
    end;
pack(Map) when is_map(Map) ->
    Members = [[pack(Key), pack(Value)] || {Key, Value} <- maps:to_list(Map)],
    case map_size(Map) of
        N when N < 16 -> [16#80 bor N | Members];
        N when N < 16#10000 -> [<<16#de, N:16>> | Members]
    end.

%% Strict: bytes behind the value are an error.
unpack(Bytes) ->
    {Value, <<>>} = value(Bytes),
    Value.

value(<<N, Rest/binary>>) when N < 16#80 -> {N, Rest};
value(<<8:4, N:4, Rest/binary>>) -> map(N, Rest, []);
value(<<9:4, N:4, Rest/binary>>) -> list(N, Rest, []);
value(<<5:3, N:5, Text:N/binary, Rest/binary>>) -> {Text, Rest};
value(<<7:3, N:5, Rest/binary>>) -> {N - 16#20, Rest};
value(<<16#c0, Rest/binary>>) -> {nil, Rest};
value(<<16#c2, Rest/binary>>) -> {false, Rest};
value(<<16#c3, Rest/binary>>) -> {true, Rest};
value(<<16#ca, F:32/float, Rest/binary>>) -> {F, Rest};
value(<<16#cb, F:64/float, Rest/binary>>) -> {F, Rest};
value(<<16#cc, N, Rest/binary>>) -> {N, Rest};
value(<<16#cd, N:16, Rest/binary>>) -> {N, Rest};
value(<<16#ce, N:32, Rest/binary>>) -> {N, Rest};
value(<<16#cf, N:64, Rest/binary>>) -> {N, Rest};
value(<<16#d0, N:8/signed, Rest/binary>>) -> {N, Rest};
value(<<16#d1, N:16/signed, Rest/binary>>) -> {N, Rest};
value(<<16#d2, N:32/signed, Rest/binary>>) -> {N, Rest};
value(<<16#d3, N:64/signed, Rest/binary>>) -> {N, Rest};
value(<<16#d9, N, Text:N/binary, Rest/binary>>) -> {Text, Rest};
value(<<16#da, N:16, Text:N/binary, Rest/binary>>) -> {Text, Rest};
value(<<16#db, N:32, Text:N/binary, Rest/binary>>) -> {Text, Rest};
value(<<16#dc, N:16, Rest/binary>>) -> list(N, Rest, []);
value(<<16#de, N:16, Rest/binary>>) -> map(N, Rest, []).

list(0, Rest, Items) -> {lists:reverse(Items), Rest};
list(N, Bytes, Items) ->
    {Item, Rest} = value(Bytes),
    list(N - 1, Rest, [Item | Items]).

map(0, Rest, Members) -> {maps:from_list(Members), Rest};
map(N, Bytes, Members) ->
    {Key, Bytes1} = value(Bytes),
    {Value, Rest} = value(Bytes1),
    map(N - 1, Rest, [{Key, Value} | Members]).
