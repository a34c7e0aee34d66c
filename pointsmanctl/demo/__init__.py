"""The demo: the main job on the local cloud, from push to audit trail, shown and checked."""
