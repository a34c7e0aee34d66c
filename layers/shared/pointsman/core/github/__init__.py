"""GitHub webhooks: check the signature, read the payload, evaluate the routes, queue the delivery."""
