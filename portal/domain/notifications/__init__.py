"""Letters of the portal: what people are told, in which words, and the outbox it waits in."""
