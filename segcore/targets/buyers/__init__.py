"""Who the buyers are: components of a mixture, rules that tell them from others, and groups by why they buy."""
