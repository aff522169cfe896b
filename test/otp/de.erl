%% A client as Erlang programs write one: open_port with any options, gen_tcp for streams of events.
%% erlc -o DIR de.erl; erl -noshell -pa DIR -eval '...'
-module(de).
-export([open/2, call/4, die_in_mid_frame/3, os_pid/1, say/1, connect/3, events/3]).
-export([client/1, ask/3, command/2, warm_up/2, job/3, answer_request/3]).

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
id(Event) -> lists:last(unpack(Event)).

values(0, Rest) -> {[], Rest};
values(Count, Bytes) ->
    {Value, Rest} = value(Bytes),
    {Values, Behind} = values(Count - 1, Rest),
    {[Value | Values], Behind}.

members(0, Rest) -> {[], Rest};
members(Count, Bytes) ->
    {Key, Rest} = value(Bytes),
    {Value, Behind} = value(Rest),
    {Members, End} = members(Count - 1, Behind),
    {[{Key, Value} | Members], End}.

%% The part of MessagePack that events and answers have.
value(<<N, Rest/binary>>) when N < 16#80 -> {N, Rest};
value(<<9:4, N:4, Rest/binary>>) -> values(N, Rest);
value(<<8:4, N:4, Rest/binary>>) -> members(N, Rest);
value(<<5:3, N:5, Text:N/binary, Rest/binary>>) -> {Text, Rest};
value(<<16#c0, Rest/binary>>) -> {nil, Rest};
value(<<16#c2, Rest/binary>>) -> {false, Rest};
value(<<16#c3, Rest/binary>>) -> {true, Rest};
value(<<16#ca, Float:32/float, Rest/binary>>) -> {Float, Rest};
value(<<16#cb, Float:64/float, Rest/binary>>) -> {Float, Rest};
value(<<16#cc, N, Rest/binary>>) -> {N, Rest};
value(<<16#cd, N:16, Rest/binary>>) -> {N, Rest};
value(<<16#ce, N:32, Rest/binary>>) -> {N, Rest};
value(<<16#dc, N:16, Rest/binary>>) -> values(N, Rest);
value(<<16#d9, N, Text:N/binary, Rest/binary>>) -> {Text, Rest}.

%% The owner of a port under `portwire stdio --notify`: answers go to who asked, in order; what was not asked for goes to the process
%% that started it, as tuples {event, ..}, {fetch, ..}, {bgok, ..}, {bgerror, ..}, {lost, ..}.
client(Command) ->
    Owner = self(),
    spawn_link(fun() -> serve(open(Command, [{packet, 2}, binary, exit_status]), Owner, queue:new()) end).

serve(Port, Owner, Asking) ->
    receive
        {ask, From, Action, Value} ->
            port_command(Port, [Action, pack(Value)]),
            serve(Port, Owner, queue:in(From, Asking));
        {Port, {data, <<$r, Answer/binary>>}} ->
            {{value, From}, Others} = queue:out(Asking),
            From ! {answer, self(), unpack(Answer)},
            serve(Port, Owner, Others);
        {Port, {data, <<$n, Notice/binary>>}} ->
            [Tag | Members] = unpack(Notice),
            Owner ! list_to_tuple([binary_to_atom(Tag) | Members]),
            serve(Port, Owner, Asking);
        {Port, {exit_status, Status}} ->
            Owner ! {exit_status, Status}
    end.

%% A call of an action, or with 255 a command.
ask(Client, Action, Value) ->
    Client ! {ask, self(), Action, Value},
    receive {answer, Client, Answer} -> Answer end.

command(Client, Command) -> ask(Client, 255, Command).

%% Calls until an answer comes that is no error: the board may still be booting.
warm_up(Client, Action) ->
    case ask(Client, Action, 1) of
        1 -> ok;
        _ -> warm_up(Client, Action)
    end.

%% A background job: its id at once, its end later, by `bgok` or `bgerror`, as servers of mod_kazoo's kind send it.
%% Start is a fun that answers {ok, JobId}.
job(Start, Client, Timeout) ->
    {ok, JobId} = Start(Client),
    receive
        {bgok, JobId, Reply} -> {ok, JobId, Reply};
        {bgerror, JobId, Reply} -> {error, JobId, Reply}
    after Timeout -> {error, JobId, timeout}
    end.

%% A handler bound to a section: answers one request {fetch, Section, Key, Id, Deadline} by Reply, a fun of Id and value.
answer_request(Section, Answer, Reply) ->
    receive
        {fetch, Section, Key, Id, _DeadlineMs} -> Reply(Id, Answer(Key))
    end.

unpack(Bytes) ->
    {Value, <<>>} = value(Bytes),
    Value.

pack(nil) -> <<16#c0>>;
pack(false) -> <<16#c2>>;
pack(true) -> <<16#c3>>;
pack(Atom) when is_atom(Atom) -> pack(atom_to_binary(Atom));
pack(N) when is_integer(N), N >= 0, N < 16#80 -> <<N>>;
pack(N) when is_integer(N), N >= 0 -> <<16#cf, N:64>>;
pack(N) when is_integer(N) -> <<16#d3, N:64/signed>>;
pack(Float) when is_float(Float) -> <<16#cb, Float:64/float>>;
pack(Text) when is_binary(Text) -> [<<16#da, (byte_size(Text)):16>>, Text];
pack(List) when is_list(List) -> [<<16#dc, (length(List)):16>> | [pack(Item) || Item <- List]].
