"""The engine by itself: intake, lanes, offsets and commits on real Kafka, before an ERP that is only a timer."""
