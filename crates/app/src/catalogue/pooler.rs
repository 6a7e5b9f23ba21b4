//! What poolers say when they do not let us in.

super::code::area! { "W22", "Poolers";

UNKNOWN_TENANT {
    id: "W2201",
    exit: Unreachable,
    title: "the pooler knows no such project",
    cause: "The host of Supabase's pooler is that of another region, the user lacks its project, or the project is paused or deleted.",
    cure: "The user is `postgres.<project ref>` and the host is that of the project's region; both stand on its page under Connect. Wake a paused project.",
    example: "connect to aws-0-eu-central-1.pooler.supabase.com:6543: Tenant or user not found (SQLSTATE XX000)",
}
NO_TENANT {
    id: "W2202",
    exit: Unreachable,
    title: "the pooler cannot tell which project is meant",
    cause: "Supabase's pooler serves many projects and finds ours by the user's name.",
    cure: "Write the user as `postgres.<project ref>`.",
    example: "connect to aws-0-eu-central-1.pooler.supabase.com:6543: (ENOIDENTIFIER) no tenant identifier provided (SQLSTATE XX000)",
}
POOL_TAKEN {
    id: "W2203",
    exit: Unreachable,
    title: "no connection of the pool became free",
    cause: "Every connection of the pool was in use for as long as the pooler waits.",
    cure: "Look for clients that keep a transaction open; raise the pool's size, or connect to the database itself.",
    example: "connect to pooler.example:6543: (ECHECKOUTTIMEOUT) unable to check out connection from the pool (SQLSTATE XX000)",
}
POOLER_LOST_DATABASE {
    id: "W2204",
    exit: Unreachable,
    title: "the pooler lost its own connection to the database",
    cause: "The database restarts, is paused, or ended the pooler's connection while it let us in.",
    cure: "Try again; if it lasts, look at the project's state.",
    example: "connect to pooler.example:6543: (EDBHANDLEREXITED) DbHandler exited (SQLSTATE XX000)",
}
ADDRESS_NOT_ALLOWED {
    id: "W2205",
    exit: Unreachable,
    title: "this machine's address is not on the project's list",
    cause: "The project has network restrictions, and they do not list this address. A CI runner has another one each time.",
    cure: "Add the address in the project's database settings, under network restrictions.",
    example: "connect to pooler.example:6543: (EADDRNOTALLOWED) address not in tenant allow_list (SQLSTATE XX000)",
}
BANNED {
    id: "W2206",
    exit: Unreachable,
    title: "this machine's address is kept out for a while",
    cause: "Too many logins failed from here, mostly with an old password in some service.",
    cure: "Correct the password first, then wait a while, or lift the ban in the project's database settings, under network bans.",
    example: "connect to pooler.example:6543: (ECIRCUITBREAKER) too many authentication failures (SQLSTATE XX000)",
}
TLS_REQUIRED {
    id: "W2207",
    exit: Unreachable,
    title: "the project takes encrypted connections only",
    cause: "The URL says `sslmode=disable`, and the project enforces TLS.",
    cure: "Write `?sslmode=require`, or leave `sslmode` out.",
    example: "connect to pooler.example:6543: (ESSLREQUIRED) SSL connection is required (SQLSTATE XX000)",
}
STARTUP_PARAMETER {
    id: "W2208",
    exit: Unreachable,
    title: "the pooler takes no settings at the start of a connection",
    cause: "The URL or PGOPTIONS has `options`, which a pooler cannot pass on.",
    cure: "Leave `options` out, or set it for the role: `alter role app set search_path = shop`.",
    example: "connect to 127.0.0.1:6432: unsupported startup parameter: options (SQLSTATE 08P01)",
}
PREPARED_STATEMENTS {
    id: "W2209",
    exit: Unreachable,
    title: "a client keeps prepared statements through a transaction pooler",
    cause: "The pooler gives each transaction another connection, and some application prepares statements by name on them.",
    cure: "Use the session pooler or the database itself (port 5432), or tell that client to prepare nothing (`statement_cache_size=0`, `pgbouncer=true`).",
    example: "connect to pooler.example:6543: (EPREPAREDDUP) prepared statement \"s1\" already exists (SQLSTATE XX000)",
}
CANNOT_SET_ROLE {
    id: "W2210",
    exit: Unreachable,
    title: "the role that logs in may not become the role that is wanted",
    cause: "The login role is no member of the role that it is set to become at the start of the connection.",
    cure: "Grant it: `grant postgres to <login role>`.",
    example: "connect to db.example:5432: permission denied to set role \"postgres\" (SQLSTATE 42501)",
}
}
