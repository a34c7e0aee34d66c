"""Commands of people, such as `pointsman rollout cancel`: what each one changes, or why it is refused."""
