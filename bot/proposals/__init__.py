"""Changes of the policy before they hold: what somebody proposes, what it would mean, and what it would have done."""
