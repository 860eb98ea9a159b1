"""IN from Kafka: records to lanes, one flight per key, offsets that follow durability. The only home of aiokafka."""
