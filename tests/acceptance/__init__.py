"""What a stranger's wallet, verifier or conformance suite would try, over real HTTP, with none of our own code."""
