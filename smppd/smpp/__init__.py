"""The protocol engine: session and mapping are pure, link drives them over a socket."""
