//! Webhooks by Standard Webhooks: endpoints, signed deliveries with retries, their log and their replay.
