import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Confluent's Parallel Consumer in KEY order before an ERP that is only a sleep; tells as carrier.py does. */
public final class KeyOrder {
    private static final long EVERY_MS = 200;

    public static void main(String[] arguments) throws InterruptedException {
        String bootstrap = arguments[0];
        String topic = arguments[1];
        String group = arguments[2];
        int keys = Integer.parseInt(arguments[3]);
        long latencyMicros = Long.parseLong(arguments[4]);
        int inFlight = Integer.parseInt(arguments[5]);

        AtomicIntegerArray next = new AtomicIntegerArray(keys);
        LongAdder carried = new LongAdder();
        LongAdder disordered = new LongAdder();
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            told.countDown();
            try {
                ended.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));

        ParallelConsumerOptions<byte[], byte[]> options = ParallelConsumerOptions.<byte[], byte[]>builder()
            .ordering(ProcessingOrder.KEY)
            .maxConcurrency(inFlight)
            .commitMode(CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
            .consumer(new KafkaConsumer<>(settings(bootstrap, group)))
            .build();
        try (ParallelStreamProcessor<byte[], byte[]> processor =
                 ParallelStreamProcessor.createEosStreamProcessor(options)) {
            processor.subscribe(List.of(topic));
            processor.poll(context -> {
                ByteBuffer head = ByteBuffer.wrap(context.getSingleRecord().value()).order(ByteOrder.LITTLE_ENDIAN);
                int ordinal = head.getInt();
                int key = Short.toUnsignedInt(head.getShort());
                sleep(latencyMicros);
                if (next.getAndSet(key, ordinal + 1) != ordinal) {
                    disordered.increment();
                }
                carried.increment();
            });
            do {
                System.out.println(System.nanoTime() / 1e9 + " " + carried.sum());
            } while (!told.await(EVERY_MS, TimeUnit.MILLISECONDS));
        }
        // It ends in the middle of what it had read ahead: runs are told as one a key, disorder as it was counted.
        String runs = IntStream.range(0, keys)
            .mapToObj(key -> "[" + key + ",0," + next.get(key) + "]")
            .collect(Collectors.joining(","));
        System.out.println("{\"carried\":" + carried.sum() + ",\"poison\":0,\"late_us\":0,\"disordered\":"
            + disordered.sum() + ",\"runs\":[" + runs + "]}");
        System.out.flush();
        ended.countDown();
    }

    private static void sleep(long micros) {
        if (micros > 0) {
            try {
                TimeUnit.MICROSECONDS.sleep(micros);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Properties settings(String bootstrap, String group) {
        Properties settings = new Properties();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        return settings;
    }
}
