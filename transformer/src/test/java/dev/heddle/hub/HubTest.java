package dev.heddle.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.hub.HubException.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HubTest {
  private static final HubReference LOOM = HubReference.parse("weaver/loom");
  private static final HubClient.Patience PATIENCE =
      new HubClient.Patience(Duration.ofSeconds(30), Duration.ofMillis(1));
  private static final byte[] WEIGHTS = new byte[300_000];

  static {
    new Random(1).nextBytes(WEIGHTS);
  }

  @TempDir private Path folder;
  private Path cache;

  private final HubServer server =
      new HubServer()
          .with("config.json", "{\"model_type\": \"llama\"}")
          .with("tokenizer.json", "{}")
          .with("README.md", "what it is")
          .with("pytorch_model.bin", "pickled")
          .with("model.safetensors", WEIGHTS);

  @BeforeEach
  void makeCache() throws IOException {
    cache = Files.createDirectories(folder.resolve("some/user/hub"));
  }

  @AfterEach
  void close() {
    server.close();
  }

  private Hub hub(String token) {
    return new Hub(new HubSettings(server.address(), cache, token, false), PATIENCE);
  }

  private Hub offline() {
    return new Hub(new HubSettings(server.address(), cache, null, true), PATIENCE);
  }

  private Path pull(String reference) {
    return hub(null).pull(HubReference.parse(reference));
  }

  private Path blob() {
    return cache.resolve("models--weaver--loom/blobs").resolve(sum(WEIGHTS));
  }

  private static String sum(byte[] bytes) {
    return HubServer.digest("SHA-256", bytes);
  }

  @Test
  void whatIsNeededToOpenAModelLiesWhereTheHubsOwnToolsLookForIt() throws IOException {
    Path folder = pull("weaver/loom");
    Path repository = cache.resolve("models--weaver--loom");
    assertEquals(repository.resolve("snapshots").resolve(HubServer.COMMIT), folder);
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          new TreeSet<>(List.of("config.json", "model.safetensors", "tokenizer.json")),
          new TreeSet<>(files.map(file -> file.getFileName().toString()).toList()));
    }
    assertArrayEquals(WEIGHTS, Files.readAllBytes(folder.resolve("model.safetensors")));
    assertEquals(
        Path.of("../../blobs").resolve(sum(WEIGHTS)),
        Files.readSymbolicLink(folder.resolve("model.safetensors")));
    assertEquals(HubServer.COMMIT, Files.readString(repository.resolve("refs/main")));

    int asked = server.requests.size();
    assertEquals(folder, pull("weaver/loom"));
    assertEquals(asked + 1, server.requests.size(), "only the listing is asked for again");
  }

  @Test
  void theTokenGoesToTheHubAndToNobodyItRedirectsTo() {
    hub("hf_secret").pull(LOOM);
    for (String request : server.requests) {
      assertEquals(request.contains(" hub "), request.contains("Bearer hf_secret"), request);
    }
    assertFalse(server.fetches().isEmpty());
  }

  @Test
  void aConnectionThatBreaksGoesOnWhereItStood() throws IOException {
    server.piece = 100_000;
    server.breaks = 2;
    Path file = pull("weaver/loom:model.safetensors");
    assertArrayEquals(WEIGHTS, Files.readAllBytes(file));
    assertEquals(3, server.fetches().size());
    assertTrue(server.fetches().get(1).endsWith(" bytes=100000-"), server.fetches()::toString);
    assertTrue(server.fetches().get(2).endsWith(" bytes=200000-"), server.fetches()::toString);
  }

  @Test
  void whatBrokeOffIsNotTakenForWholeAndTheNextPullGoesOnFromThere() throws IOException {
    server.endsAt = 1_000;
    HubException broken = assertThrows(HubException.class, () -> pull("weaver/loom"));
    assertEquals(Reason.UNREACHABLE, broken.reason());
    assertTrue(broken.getMessage().contains("goes on from there"), broken::getMessage);
    assertFalse(Files.exists(blob()));
    assertEquals(Optional.empty(), offline().find(LOOM, "main"));
    assertEquals(1_000, Files.size(blob().resolveSibling(sum(WEIGHTS) + ".heddle.incomplete")));

    server.endsAt = Integer.MAX_VALUE;
    server.requests.clear();
    Path folder = pull("weaver/loom");
    assertArrayEquals(WEIGHTS, Files.readAllBytes(folder.resolve("model.safetensors")));
    assertTrue(server.fetches().getFirst().endsWith(" bytes=1000-"));
  }

  @Test
  void aServerWithoutRangesBeginsAnew() throws IOException {
    server.knowsRanges = false;
    server.piece = 100_000;
    server.breaks = 1;
    Path file = pull("weaver/loom:model.safetensors");
    assertArrayEquals(WEIGHTS, Files.readAllBytes(file));
  }

  @Test
  void bytesWithAnotherChecksumAreNotKept() throws IOException {
    server.wrong = WEIGHTS.clone();
    server.wrong[123_456] ^= 1;
    HubException wrong = assertThrows(HubException.class, () -> pull("weaver/loom"));
    assertEquals(Reason.CHECKSUM, wrong.reason());
    assertTrue(wrong.getMessage().contains(sum(WEIGHTS)), wrong::getMessage);
    assertTrue(wrong.getMessage().contains("model.safetensors"), wrong::getMessage);
    try (Stream<Path> blobs = Files.list(blob().getParent())) {
      assertTrue(blobs.noneMatch(file -> file.toString().contains(sum(WEIGHTS))));
    }
    assertEquals(Optional.empty(), offline().find(LOOM, "main"));
  }

  @Test
  void aWrongPieceOfAnEarlierPullIsFetchedOnceMore() throws IOException {
    Files.createDirectories(blob().getParent());
    Files.write(blob().resolveSibling(sum(WEIGHTS) + ".heddle.incomplete"), new byte[5_000]);
    Path file = pull("weaver/loom:model.safetensors");
    assertArrayEquals(WEIGHTS, Files.readAllBytes(file));
    assertEquals(2, server.fetches().size());
  }

  @ParameterizedTest
  @CsvSource({
    "401,, false, REFUSED, set HF_TOKEN",
    "401,, true, REFUSED, the token may not read it",
    "401, GatedRepo, false, REFUSED, accept its terms",
    "403, GatedRepo, true, REFUSED, accept its terms",
    "404, RepoNotFound, false, NOT_FOUND, there is no such model",
    "404, RevisionNotFound, false, NOT_FOUND, no revision",
    "404, EntryNotFound, false, NOT_FOUND, there is none",
    "429,, false, UNREACHABLE, too many requests",
    "503,, false, UNREACHABLE, 503"
  })
  void aRefusalSaysWhatToDo(int status, String code, boolean token, Reason reason, String part) {
    server.status = status;
    server.errorCode = code;
    Hub hub = hub(token ? "hf_secret" : null);
    HubException refused = assertThrows(HubException.class, () -> hub.pull(LOOM));
    assertEquals(reason, refused.reason());
    assertTrue(refused.getMessage().contains(part), refused::getMessage);
    assertTrue(refused.getMessage().startsWith("weaver/loom"), refused::getMessage);
    assertFalse(refused.getMessage().contains("hf_secret"), refused::getMessage);
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    HubException none = assertThrows(HubException.class, () -> pull("weaver/loom:no.gguf"));
    assertEquals(Reason.NOT_FOUND, none.reason());
    assertTrue(none.getMessage().startsWith("weaver/loom:no.gguf: "), none::getMessage);
  }

  @Test
  void offlineTakesWhatIsThereAndAsksNobody() {
    HubException absent = assertThrows(HubException.class, () -> offline().pull(LOOM));
    assertEquals(Reason.OFFLINE, absent.reason());
    Path folder = pull("weaver/loom");
    server.requests.clear();
    assertEquals(folder, offline().pull(LOOM));
    assertEquals(List.of(), server.requests);
  }

  @Test
  void manyPullsAtOnceFetchOnceAndAllHaveTheWhole() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Path>> pulls =
          IntStream.range(0, 8).mapToObj(i -> threads.submit(() -> pull("weaver/loom"))).toList();
      for (Future<Path> pull : pulls) {
        assertArrayEquals(WEIGHTS, Files.readAllBytes(pull.get().resolve("model.safetensors")));
      }
    }
    assertEquals(1, server.fetches().size());
  }

  @Test
  void whereNobodyListensNoAnswerIsToldOf() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    URI nobody = URI.create("http://localhost:" + port);
    Hub hub = new Hub(new HubSettings(nobody, cache, null, false), PATIENCE);
    HubException none = assertThrows(HubException.class, () -> hub.pull(LOOM));
    assertEquals(Reason.UNREACHABLE, none.reason());
    assertTrue(none.getMessage().contains(nobody.toString()), none::getMessage);
  }

  @Test
  void aServerThatFallsSilentIsNotWaitedForWithoutEnd() {
    server.endsAt = 10;
    server.stalls = true;
    Hub impatient =
        new Hub(
            new HubSettings(server.address(), cache, null, false),
            new HubClient.Patience(Duration.ofMillis(200), Duration.ofMillis(1)));
    HubException silent = assertThrows(HubException.class, () -> impatient.pull(LOOM));
    assertEquals(Reason.UNREACHABLE, silent.reason());
  }

  @Test
  void namesThatLeadOutOfTheCacheAreNotFollowed() throws IOException {
    server.with("../../../../escaped.json", "{}");
    pull("weaver/loom");
    try (Stream<Path> all = Files.walk(folder)) {
      assertTrue(all.noneMatch(file -> file.endsWith("escaped.json")));
    }
    server.etag = "../../escaped";
    HubException etag =
        assertThrows(
            HubException.class,
            () ->
                hub(null)
                    .pull(
                        new HubReference("weaver", "loom", "model.safetensors"),
                        "main",
                        (a, b, c) -> {}));
    assertTrue(etag.getMessage().contains("../../escaped"), etag::getMessage);
  }

  @Test
  void aNewCommitIsSeenWhenAllItsFilesAreThere() throws IOException {
    Path first = pull("weaver/loom");
    server.commit = "fedcba9876543210fedcba9876543210fedcba98";
    byte[] changed = WEIGHTS.clone();
    changed[0]++;
    server.with("model.safetensors", changed);
    server.wrong = new byte[changed.length];
    assertThrows(HubException.class, () -> pull("weaver/loom"));
    assertEquals(Optional.of(first), offline().find(LOOM, "main"));
    server.wrong = null;
    Path second = pull("weaver/loom");
    assertEquals(Optional.of(second), offline().find(LOOM, "main"));
    assertArrayEquals(changed, Files.readAllBytes(second.resolve("model.safetensors")));
    assertArrayEquals(WEIGHTS, Files.readAllBytes(first.resolve("model.safetensors")));
    assertEquals(Optional.of(first), offline().find(LOOM, HubServer.COMMIT));
  }

  @Test
  void aCacheThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.writeString(cache.resolve("file"), "");
    Hub hub = new Hub(new HubSettings(server.address(), file, null, false), PATIENCE);
    HubException disk = assertThrows(HubException.class, () -> hub.pull(LOOM));
    assertEquals(Reason.DISK, disk.reason());
    assertTrue(disk.getMessage().contains("HF_HUB_CACHE"), disk::getMessage);
  }

  @Test
  void anInterruptEndsAPull() {
    Thread.currentThread().interrupt();
    HubException interrupted = assertThrows(HubException.class, () -> pull("weaver/loom"));
    assertEquals(Reason.INTERRUPTED, interrupted.reason());
    assertTrue(Thread.interrupted());
    assertNull(interrupted.getCause().getMessage());
  }

  @Test
  void whatIsTakenIsWhatAModelIsOpenedFrom() {
    List<String> settings = List.of("config.json", "tokenizer.model", "1_Pooling/config.json");
    List<String> shards =
        List.of(
            "model.safetensors.index.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors");
    assertEquals(
        new TreeSet<>(both(settings, shards)),
        new TreeSet<>(choose(both(both(settings, shards), List.of("consolidated.safetensors")))));
    assertEquals(
        List.of("a-00001-of-00002.gguf", "a-00002-of-00002.gguf"),
        choose(List.of("a-00002-of-00002.gguf", "a-00001-of-00002.gguf", ".gitattributes")));
    assertEquals(
        List.of("config.json", "onnx/model.onnx", "onnx/model.onnx_data"),
        choose(
            List.of(
                "onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_fp16.onnx", "config.json")));
    HubException several =
        assertThrows(HubException.class, () -> choose(List.of("a-q4.gguf", "a-q8.gguf")));
    assertTrue(several.getMessage().contains("weaver/loom:FILE: a-q4.gguf, a-q8.gguf"));
    HubException none =
        assertThrows(HubException.class, () -> choose(List.of("pytorch_model.bin")));
    assertTrue(none.getMessage().contains("no weights"), none::getMessage);
  }

  private static List<String> choose(List<String> files) {
    return ModelFiles.choose(LOOM, files);
  }

  private static List<String> both(List<String> some, List<String> others) {
    return Stream.concat(some.stream(), others.stream()).toList();
  }
}
