"""Facts, secured in every format that the world speaks, and presentations of them."""
