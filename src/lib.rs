//! put2bits takes a file as **one HTTP PUT** and stores it at a server that takes files only by Microsoft's
//! **BITS upload protocol** (MC-BUP).
//!
//! This page is the map of the source: how data flows, which module may know which, what is promised and by which test,
//! and why it is built so. How to run the program says `README.md`, what it can be told says `deploy/put2bits.toml`.
//!
//! # From a PUT to a BITS session
//!
//! ```text
//!   client                             put2bits                                     BITS server
//!     │  PUT /photos/a.mov               │                                               │
//!     │  Content-Length: 3000000000      │  BITS_POST  Create-Session                    │
//!     ├────────────────────────────────► ├─────────────────────────────────────────────► │
//!     │                                  │ ◄──────────────── Ack: BITS-Session-Id: {…} ──┤
//!     │ ◄───────────── 100 Continue ─────┤                                               │
//!     │  bytes … bytes … bytes …         │  BITS_POST  Fragment  bytes 0-262143/3000000000
//!     ├────────────────────────────────► ├─────────────────────────────────────────────► │
//!     │           (while this one is on  │ ◄── Ack: BITS-Received-Content-Range: 262144 ─┤
//!     │            its way, the next is  │  BITS_POST  Fragment  …                       │
//!     │                  gathered)       ├─────────────────────────────────────────────► │
//!     │                                  │                    …                          │
//!     │                                  │  BITS_POST  Close-Session                     │
//!     │                                  ├─────────────────────────────────────────────► │
//!     │                                  │ ◄────────────────────────────────────── Ack ──┤
//!     │ ◄───────────── 201 Created ──────┤                        the file is published  │
//! ```
//!
//! The same, by module. There are two doors: clients come in by [`listen`], and nothing goes out but by [`backend`]
//! (and what [`guard`] asks of an authority).
//!
//! ```text
//!              one request: on one thread from its first byte to its last
//!          ┌─────────────────────────────────────────────────────────────────────────┐
//!    TCP,  │ listen ── who? ──► front ──── head ────► registry ──► transfer ◄─► bits │   bits: which packet is next,
//!    Unix ─┼─►                   │ │                    │           ▲   ▲            │         what an answer means
//!          │            may it? ─┘ └─ body, piece by piece ──────────┘   ▼           │
//!          │               │                            │              backend ──────┼──► one TCP connection
//!          └───────────────┼────────────────────────────┼────────────────────────────┘
//!                       guard: files of hashes,      store: what outlives request and process
//!                       or an authority
//! ```
//!
//! # An upload that can be resumed
//!
//! A client that asks for it (Apple's systems do) gets a URL for its upload at once, by a 104. Each request that brings bytes
//! is one run of [`transfer`]. Between two requests nothing runs: the next one goes on from a
//! [`bits::Checkpoint`], which is all that is left of the one before. A client that broke off, a proxy that was restarted
//! and one that was killed are the same case.
//!
//! ```text
//!  PUT /photos/a.mov ──► create: upload resource, record ──► 104, Location: /_uploads/5f3c…
//!                        feed ──► transfer ──✗ the connection breaks; what was received goes to the backend; record
//!  HEAD /_uploads/5f3c… ──► status ──► 204, Upload-Offset: 87188440
//!  PATCH /_uploads/5f3c…, Upload-Offset: 87188440 ──► feed ──► transfer, from the checkpoint ──► 201
//! ```
//!
//! [`resumable`] knows the protocol's heads, [`upload`] the life of one upload, [`registry`] all of them.
//!
//! # Layers
//!
//! A module imports only from lines below its own. `tests/layering` reads the source and fails otherwise.
//!
//! | module | what it is for | what it may not do |
//! | --- | --- | --- |
//! | [`cli`] | arguments, commands, exit codes | |
//! | [`app`] | puts the parts together; the only place that names concrete ones | know the command line |
//! | [`listen`], [`front`], [`guard`], [`backend`], [`mock`] | shells: sockets, TLS and who is there; clients' requests; who of them may upload; the way to the server; a server to try things against | know each other |
//! | [`phone`] | a client that behaves as the Photos daemon does, to try things with | import anything of ours |
//! | [`admin`] | probes and metrics, for whoever watches | know how the program is doing: it is told |
//! | [`store`] | keeps the records of uploads over restarts | look into them |
//! | [`registry`] | all uploads: who drives each, who waits for it, how many run | open sockets, log, decide about a protocol |
//! | [`survey`] | finds out what kind of server a backend is, by asking it | open sockets, log |
//! | [`transfer`] | the one loop that awaits both sides; memory; time | open sockets, log, decide about the protocol |
//! | [`telemetry`] | log lines and metrics, for the shells and above | |
//! | [`config`] | file, environment and flags, checked before anything happens | start anything |
//! | [`access`] | who a client is, and whether it may upload: the terms of it | I/O, clock, randomness, tasks, logging |
//! | [`upload`] | the life of one upload over several requests, and its record | I/O, clock, randomness, tasks, logging |
//! | [`route`] | which request goes where, under which name | I/O of any kind |
//! | [`bits`] | the protocol to the server: both ends of it, as state machines | I/O, clock, randomness, tasks, logging |
//! | [`resumable`] | the protocol to the client | know `bits`; I/O, clock, randomness, tasks, logging |
//! | [`digest`] | what bytes come to | the same |
//! | [`stamp`] | tells that a file is another one than before | read it |
//! | [`error`], [`limits`] | every failure; every number that bounds something | import anything of ours |
//!
//! All below [`config`] is pure, but for [`stamp`]: time and seeds are arguments, what happens is a return value. That is
//! what lets one test run drive the client's state machine against the server's through more than 100,000 schedules of
//! faults (`tests/simulation`). `tests/resumption_simulation` does the same with everything above the sockets.
//!
//! All modules are public, because the example, the tests and the benchmarks use them as anybody would. The *program* is
//! the product: its settings, statuses and error codes are what stays stable between versions, not these Rust interfaces.
//!
//! # Promises
//!
//! Each has a number, so that code and tests can refer to it. One test of its number, in `tests/promises`, shows what it
//! means, through the real program; those named behind it go deeper. `tests/documents` checks that they exist. Figures,
//! limits and the method are in `docs/reliability.md`.
//!
//! | | promise | holds? | proved by |
//! | --- | --- | --- | --- |
//! | P1 | Success means that the BITS server acknowledged every byte and the Close. (If its answer to Close is lost, `ambiguous_close` says what counts as proof.) | yes | `tests/promises` `p1_success_means_that_the_server_has_it_all_and_said_so`, `tests/simulation` `hostile_schedules_never_store_wrong_bytes`, `tests/fault_matrix` `every_fault_at_every_point_ends_as_it_should`, `tests/kill_matrix` `whoever_dies_wherever_it_ends_as_it_should`, `tests/e2e` (close) |
//! | P2 | The stored bytes are the sent bytes, or there is no success. A digest that the client sends is checked before the file is published. | yes | `tests/promises` `p2_the_stored_bytes_are_the_sent_bytes_or_there_is_no_success`, `tests/simulation` `hostile_schedules_never_store_wrong_bytes`, `tests/resumption_simulation`, `tests/conformance`, `tests/e2e` (sizes) |
//! | P3 | An offset that the client is told was acknowledged by the server, and never goes down, also not by a crash. | yes | `tests/promises` `p3_an_offset_that_is_told_was_acknowledged_and_never_goes_down`, `tests/simulation` `hostile_schedules_never_store_wrong_bytes`, `tests/resumption_simulation`, `tests/resumption` |
//! | P4 | Memory is bounded by a base and the budget, whatever clients do. | yes | `tests/promises` `p4_memory_is_bounded_by_a_base_and_the_budget`, [`transfer::Budget`]'s tests, `tests/memory` `a_thousand_uploads_at_a_stalled_backend`, `tests/e2e` (resources) |
//! | P5 | No byte of an upload is written to disk. (But for at most 127 bytes, inside the state of a digest that the client asked for.) | yes | `tests/promises` `p5_no_byte_of_an_upload_is_written_to_disk`, `tests/e2e` (resources), `tests/resumption` |
//! | P6 | A lost fragment or answer, a 5xx, a reset, a time-out, a restart of the backend: invisible to the client if it passes within the retry window, the profile allows sending again and, for a restart, the backend keeps its sessions on disk (IIS does). | yes | `tests/promises` `p6_passing_trouble_of_the_backend_is_invisible_to_the_client`, `tests/simulation` `passing_trouble_is_survived_where_bytes_may_be_sent_again`, `tests/e2e` (trouble) |
//! | P7 | After a crash of the proxy, a client goes on from the last byte recorded, or begins again where the profile does not allow going on. | yes, on the same state directory | `tests/promises` `p7_after_a_crash_a_client_goes_on`, `tests/kill_matrix` `whoever_dies_wherever_it_ends_as_it_should`, `tests/simulation` `deaths_of_the_proxy_alone_lose_no_upload_where_bytes_may_be_sent_again`, `tests/resumption_simulation`, `tests/resumption` |
//! | P8 | After SIGTERM no new upload begins; those that run may finish, or are cancelled in time, and the program ends within the grace period. Those that can be resumed are broken off instead, and lose nothing. | yes | `tests/promises` `p8_a_shutdown_in_order_loses_nothing`, `tests/admin` `not_ready_from_the_first_moment_of_a_shutdown`, `tests/front` `shutdown_ends_idle_connections_at_once_and_busy_ones_after_their_answer`, `tests/e2e` (stopping), `tests/resumption`, `tests/doors` `who_cannot_resume_finishes_and_who_can_is_broken_off_and_goes_on` |
//! | P9 | At most one transfer drives an upload: the newest request wins. | yes | `tests/promises` `p9_the_newest_request_wins`, `tests/kill_matrix` `whoever_dies_wherever_it_ends_as_it_should`, `tests/resumption_simulation`, `tests/conformance` |
//! | P10 | Only configured backends are contacted: redirects and foreign reply URLs are not followed, nodes of a farm (`BITS-Host-Id`) only if `host_id` allows them. https never becomes http. | yes | `tests/promises` `p10_only_configured_backends_are_contacted`, `tests/backend` `redirects_are_answers`, `tests/backend` `a_reply_elsewhere_is_not_fetched`, `tests/backend` `https_never_becomes_http`, `tests/backend` `nobody_else_is_trusted_and_the_reason_is_said`, `tests/hostile_backend` (elsewhere), `tests/doors` (elsewhere) |
//! | P11 | No byte of a client's framing goes through; requests are written anew from typed values. Headers go through only where the route names them, and never one of the protocol. | yes | `tests/promises` `p11_no_byte_of_a_clients_framing_goes_through`, `tests/backend` `every_packet_has_its_exact_wire_form`, `tests/backend` `fields_from_files_go_along_and_none_replaces_one_of_the_protocol`, `tests/front` `every_rule_over_the_wire`, `tests/h2` `malformed_heads_reset_their_stream`, `tests/route_names.rs` `dangerous_pieces_never_get_through` |
//! | P12 | Credentials, of clients and of the proxy, reach no log, metric, error or record, and no server but the one that they are for. Of those that bind an upload to its client a salted hash is kept. | yes | `tests/promises` `p12_credentials_reach_no_log_metric_error_or_record`, `tests/auth` `nothing_that_was_shown_is_logged_counted_or_kept`, `tests/auth` `a_stolen_url_is_worth_nothing`, `src/telemetry` `no_secret_and_no_second_line_gets_in`, `tests/admin` `no_secret_is_told`, `tests/e2e` `a_file_goes_over_tls_with_a_token_that_nobody_else_sees`, `tests/front` `refusals_are_reported_without_their_query`, `tests/resumption` |
//! | P13 | A bad configuration never binds a port. | yes | `tests/promises` `p13_a_bad_configuration_never_binds_a_port`, `tests/cli.rs` `p13_a_bad_configuration_never_binds_a_port`, `tests/tls` `wrong_files_are_one_line_that_names_the_setting`, `tests/admin` `an_admin_address_that_is_not_to_be_had` |
//! | P14 | No input makes it panic, or answer a 500 of its own. | yes | `tests/promises` `p14_no_input_makes_it_panic_or_answer_a_500`, `tests/front` `every_rule_over_the_wire`, `tests/hostile_client` `every_payload_gets_what_it_deserves`, `tests/h2` `rapid_reset`, `tests/hostile_backend` `mutated_answers_break_no_promise`, `tests/route_names.rs` `no_bytes_panic`, property tests in [`bits`] |
//!
//! Not promised: that a file is stored exactly once. An answer that is lost at the wrong moment makes a client send again,
//! and nobody between the two can know better.
//!
//! # Decisions, and why
//!
//! - **A fragment is gathered whole before it is sent, and kept until it is acknowledged.** It is what is sent again after a
//!   lost answer or a 413, and it shields the server from a client that stalls. The pieces stay as they came from the
//!   socket; nothing is copied. While one fragment is on its way the next is gathered, so both links stay busy: an
//!   upload holds two fragments at most.
//! - **The size of fragments adapts** ([`bits::Sizer`]). It starts small, because BITS tells the size of the file only with
//!   the first fragment and a refusal should come early; grows until the round trip costs little; stays within what the
//!   client delivers in about a second and what memory allows; gets smaller when the server says "too large"; and shrinks
//!   towards the end, so that little is left to do when the last byte has come.
//! - **Memory is reserved before it is read into** ([`transfer::Budget`]). When it is used up, reading stops, and TCP slows
//!   the clients down. An upload that was accepted is never refused for it.
//! - **Every BITS session has a TCP connection of its own.** Several servers tie the session to its connection, and a
//!   connection pool does not keep the two together.
//! - **A fragment in doubt is sent again only to servers that are known to stand it** ([`bits::Overlap`]). Some append
//!   whatever comes, and the file is corrupt without anybody noticing. So an unknown server never gets a byte twice.
//! - **Close-Session goes out only when by the server's own answers nothing is missing.** That the last fragment was
//!   answered with 200 is not enough if the offset beside it says otherwise. (Of a server that tells no offsets at all,
//!   the 200 counts, as long as no answer was lost.)
//! - **A lost answer to Close-Session is the one true ambiguity.** The proxy repeats it, and if the session is then unknown
//!   it looks for evidence: a file of the right size, written since the session began.
//! - **What may pass is told apart from what stays** ([`error::Problem`]). A refusal has its precise 4xx, 502 or 507. Trouble
//!   that may pass is tried again first, then told as 503 or 504 with `Retry-After`. A 500 would mean a bug.
//! - **The request to the backend is built, not edited.** A path is decoded once into segments, checked, and written anew;
//!   no header of the client reaches the backend but those that the route names.
//! - **Templates refuse, they do not clean.** A value that a request gives for a name is one name or a piece of one; with a
//!   slash or dots of the wrong kind the request is refused. What is cleaned can collide, and somebody else's file is gone.
//! - **Not known is not free.** Where a route keeps what is there (`overwrite`), and the server does not tell whether a
//!   file is, `refuse` refuses and `suffix` takes another name.
//! - **Who is there, who it is and whether it may are three questions.** [`listen`] knows the connection ([`access::Peer`]),
//!   [`guard`] the user, and [`front`] asks [`access::Guard`] when the head is checked and nothing else has happened: no body
//!   is asked for, no backend contacted, for strangers. It asks once more before the file is published, because hours
//!   may have passed. Who cannot be judged is kept out.
//! - **An upload belongs to a user, not to a token** ([`upload::Principal`]). Tokens are exchanged while phones are away. Where a
//!   route asks nobody, the same credentials stand for the same user. To all others there is no such upload: 404, not
//!   403, which would say that there is one.
//! - **Credentials are in files.** A URL, a flag or a variable ends up in logs and lists of processes. A file can belong to
//!   one user, and be replaced while the program runs: it is read again when it changes, whole, and what is broken leaves
//!   the old one in force. That is also how certificates change without a restart.
//! - **A server does not say where bytes go.** Redirects are answers; a node of a farm is followed if the operator has
//!   allowed that host, with the scheme and the port that are configured, and by TLS that proves its name.
//! - **A client that can resume is broken off, not answered 5xx.** When the backend fails for longer than the retry window, or
//!   the proxy ends, its connection is reset: its system then comes back by itself, while a 5xx makes it give up. What
//!   will not pass is answered, and the upload is gone before that, so that nobody comes back for it.
//! - **Limits refuse before they allocate.** A connection beyond `connections.max` gets the same bytes as all others before
//!   a byte of it is read; a new upload beyond `uploads.max_running` its 503 before its body is asked for. A part of an
//!   upload that exists waits for a place instead, and one that takes over takes the place over.
//! - **The offset that a client is told is the backend's.** Bytes in memory do not count; before anything is told, what was
//!   received is brought to the backend, for a bounded time. If the backend is further than the record, it is
//!   believed, and the client's bytes up to there are skipped. If it is behind, the upload is lost, never rewound.
//! - **The newest request wins.** A phone leaves connections behind that hang for minutes; nothing waits for them.
//! - **The journal is small and replaceable.** One record an upload; losing it costs a new start, never wrong bytes. All
//!   records are in memory, too: the store is only written while the program runs.
//! - **A 104 goes round hyper**, which cannot send one: the connection's I/O writes it at a message boundary (`front`). Over
//!   HTTP/2 the server is the crate h2, which can; what hyper does around it (dates, time-outs, pings, floods, an end in
//!   order) is done by us. Which of the two a connection is says TLS, or its first bytes.
//! - **Windows of HTTP/2 are memory.** What they let in is held outside the budget, so they are small, and grow from a pool.
//! - **Every failure is a row of one table** ([`error`]): status, code, whose fault, whether to come back, what to do. The
//!   logs, the answers and the tests read the same row.
//! - **Defaults need no file.** `put2bits serve --backend URL` is a whole configuration.
//!
//! # Where to start reading
//!
//! 1. [`bits`]: `packet.rs` (what goes out), `ack/` (what comes back: one table), `session/` (the state machine, with its
//!    picture and a run that compiles).
//! 2. [`transfer`]: `run.rs` is the life of one upload, in one loop; `source.rs` gathers; `budget.rs` bounds memory.
//! 3. [`upload`] and [`registry`]: the same over several requests.
//! 4. [`front`] `answer.rs` and [`backend`] `connection.rs`: the two ends that the loop awaits. Then [`listen`], [`guard`]
//!    and [`backend`] `endpoint.rs`: what stands at the two doors.
//! 5. [`app`]: how many of that live in one process, and how they end.
//! 6. `tests/simulation`, `tests/resumption_simulation`: everything above the sockets, under every fault that we could think of.
//! 7. [`mock`] and [`bits::server`]: the other end, with every quirk of the servers that we know.
//!
//! # Vocabulary
//!
//! | word | meaning |
//! | --- | --- |
//! | upload | one file on its way, from the head of its first request to its outcome |
//! | upload resource | the URL that an upload has if it can be resumed |
//! | part | what one request brings of it |
//! | record | what the store keeps of it |
//! | checkpoint | what is needed to go on with its session |
//! | session | the server's side of it in BITS, from Create-Session to Close-Session or Cancel-Session |
//! | packet, Ack | a request of the BITS protocol, and its answer |
//! | fragment | a part of the file in one packet |
//! | offset | the next byte wanted |
//! | backend | a BITS server; target: the path of the file there |
//! | node | one host of a backend that is a farm |
//! | route | which request goes to which backend |
//! | peer, client | what is at the other end of a connection; who sends a request, which proxies may stand before |
//! | principal | whose an upload is |
//! | profile | what kind of BITS server the backend is |
//! | transfer | the task that carries an upload |
//! | evidence | what a HEAD of the target tells when the answer to Close-Session was lost |
//! | problem, failure | a row of the failure table; such a row with what this very case adds |

pub mod access;
pub mod admin;
pub mod app;
pub mod backend;
pub mod bits;
pub mod cli;
pub mod config;
pub mod digest;
pub mod error;
pub mod front;
pub mod guard;
pub mod limits;
pub mod listen;
pub mod mock;
pub mod phone;
pub mod registry;
pub mod resumable;
pub mod route;
pub mod stamp;
pub mod store;
pub mod survey;
pub mod telemetry;
pub mod transfer;
pub mod upload;
