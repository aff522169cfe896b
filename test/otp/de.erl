%% A client as Erlang programs write one: open_port with any options, gen_tcp for streams of events.
%% erlc -o DIR de.erl; erl -noshell -pa DIR -eval '...'
-module(de).
-export([open/2, call/4, die_in_mid_frame/3, os_pid/1, say/1, connect/3, events/3, job/3, answer_request/3]).

open([Program | Args], Options) ->
    process_flag(trap_exit, true),
    open_port({spawn_executable, os:find_executable(Program)}, [{args, Args} | Options]).

%% Body is what stands behind the action byte: the test gives the bytes.
call(Port, Action, Body, Timeout) ->
    port_command(Port, [Action, Body]),
    receive
        {Port, {data, Data}} -> {ok, iolist_to_binary(Data)};
        {'EXIT', Port, Reason} -> {exit, Reason}
    after Timeout -> {error, timeout}
    end.

%% The first Sent bytes of a request of Bytes, and then nothing more of this node, ever.
die_in_mid_frame(Command, Bytes, Sent) ->
    Port = open(Command, [stream, binary]),
    port_command(Port, <<0, 2, 4, 7>>), % a whole call first: its answer says that the bridge has the tty
    receive {Port, {data, _}} -> ok end,
    port_command(Port, [<<Bytes:16, 4>>, binary:copy(<<0>>, Sent - 3)]),
    say({bridge, os_pid(Port)}),
    os:cmd("kill -9 " ++ os:getpid()).

os_pid(Port) -> element(2, erlang:port_info(Port, os_pid)).

%% One line on stdout for the test to read.
say(Term) -> io:format("~0p~n", [Term]).

%% An event client, as mod_kazoo's subscribers have one.
connect(Host, TcpPort, Prefix) ->
    {ok, Socket} = gen_tcp:connect(Host, TcpPort, [{mode, binary}, {packet, Prefix}, {active, false}]),
    Socket.

%% Takes Count events and says whether their ids ran up without a gap, and how long they took in ms.
events(Socket, Count, Timeout) ->
    {Us, Result} = timer:tc(fun() -> take(Socket, Count, none, Timeout) end),
    say({Result, Us div 1000}).

take(_, 0, Last, _) -> {in_order, Last};
take(Socket, Count, Last, Timeout) ->
    case gen_tcp:recv(Socket, 0, Timeout) of
        {ok, Event} ->
            Id = id(Event),
            case Last =:= none orelse Id =:= Last + 1 of
                true -> take(Socket, Count - 1, Id, Timeout);
                false -> {out_of_order, Last, Id}
            end;
        {error, Reason} -> {Reason, Count, Last}
    end.

%% The last member of an event, which is an array `[Name, Values..., Id]`.
id(<<9:4, Count:4, Members/binary>>) -> lists:last(values(Count, Members)).

values(0, <<>>) -> [];
values(Count, Bytes) ->
    {Value, Rest} = value(Bytes),
    [Value | values(Count - 1, Rest)].

%% The part of MessagePack that events have.
value(<<N, Rest/binary>>) when N < 16#80 -> {N, Rest};
value(<<5:3, N:5, Text:N/binary, Rest/binary>>) -> {Text, Rest};
value(<<16#c0, Rest/binary>>) -> {nil, Rest};
value(<<16#c2, Rest/binary>>) -> {false, Rest};
value(<<16#c3, Rest/binary>>) -> {true, Rest};
value(<<16#ca, Float:32/float, Rest/binary>>) -> {Float, Rest};
value(<<16#cb, Float:64/float, Rest/binary>>) -> {Float, Rest};
value(<<16#cc, N, Rest/binary>>) -> {N, Rest};
value(<<16#cd, N:16, Rest/binary>>) -> {N, Rest};
value(<<16#ce, N:32, Rest/binary>>) -> {N, Rest};
value(<<16#d9, N, Text:N/binary, Rest/binary>>) -> {Text, Rest}.

%% A background job over the gateway: its id at once, its end later, by `bgok` or `bgerror`, as servers of mod_kazoo's kind send it.
%% Start is a fun that answers {ok, JobId}.
job(Start, Client, Timeout) ->
    {ok, JobId} = Start(Client),
    receive
        {bgok, JobId, Reply} -> {ok, JobId, Reply};
        {bgerror, JobId, Reply} -> {error, JobId, Reply}
    after Timeout -> {error, JobId, timeout}
    end.

%% A handler bound to a section: answers one request {fetch, Section, Key, Id} by Reply, a fun of Id and value.
answer_request(Section, Answer, Reply) ->
    receive
        {fetch, Section, Key, Id} -> Reply(Id, Answer(Key))
    end.
