package dev.heddle.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
  @TempDir private Path home;

  private HubSettings of(Map<String, String> environment) {
    return HubSettings.of(environment::get, home);
  }

  @Test
  void withoutAnythingSetItIsTheHubAndTheUsersCache() {
    assertEquals(
        new HubSettings(
            URI.create("https://huggingface.co"),
            home.resolve(".cache/huggingface/hub"),
            null,
            false),
        of(Map.of()));
  }

  @Test
  void foldersAreTakenInTheOrderThatTheHubsLibrariesTakeThem() {
    Path base = home.resolve("base");
    Path hub = home.resolve("hf");
    assertEquals(
        base.resolve("huggingface/hub"), of(Map.of("XDG_CACHE_HOME", base.toString())).cache());
    assertEquals(
        hub.resolve("hub"),
        of(Map.of("XDG_CACHE_HOME", base.toString(), "HF_HOME", hub.toString())).cache());
    assertEquals(
        home.resolve("c"), of(Map.of("HF_HOME", hub.toString(), "HF_HUB_CACHE", "~/c")).cache());
  }

  @Test
  void theTokenIsTheVariablesElseTheFilesAndIsNeverShown() throws IOException {
    Path hub = Files.createDirectories(home.resolve(".cache/huggingface"));
    Files.writeString(hub.resolve("token"), "hf_file\n");
    assertEquals("hf_file", of(Map.of()).token());
    assertEquals("hf_variable", of(Map.of("HF_TOKEN", "hf_variable")).token());
    Path other = Files.writeString(home.resolve("other"), "hf_other");
    assertEquals("hf_other", of(Map.of("HF_TOKEN_PATH", other.toString())).token());
    assertFalse(of(Map.of()).toString().contains("hf_file"));
    HubException broken =
        assertThrows(HubException.class, () -> of(Map.of("HF_TOKEN", "hf_a\nHost: b")));
    assertFalse(broken.getMessage().contains("hf_a"), broken::getMessage);
  }

  @Test
  void anotherEndpointAndOfflineAreHonoured() {
    HubSettings settings =
        of(Map.of("HF_ENDPOINT", "https://mirror.example/hf/", "HF_HUB_OFFLINE", "True"));
    assertEquals(URI.create("https://mirror.example/hf"), settings.endpoint());
    assertTrue(settings.offline());
    assertFalse(of(Map.of("HF_HUB_OFFLINE", "0")).offline());
  }

  @ParameterizedTest
  @ValueSource(strings = {"huggingface.co", "ftp://huggingface.co", "https:", "https://a b"})
  void anAddressThatIsNoneIsRefused(String endpoint) {
    HubException refused =
        assertThrows(HubException.class, () -> of(Map.of("HF_ENDPOINT", endpoint)));
    assertEquals(HubException.Reason.MALFORMED, refused.reason());
    assertTrue(refused.getMessage().contains("HF_ENDPOINT " + endpoint), refused::getMessage);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gpt2",
        "a/b/c",
        "../b",
        "a/..",
        "a--b/c",
        "a/b:",
        "a/b:../c",
        "a/b:/c",
        "a/b:c\\d",
        "a/b c"
      })
  void whatIsNoReferenceIsRefused(String text) {
    assertThrows(HubException.class, () -> HubReference.parse(text));
    assertTrue(HubReference.find(text).isEmpty());
  }

  @Test
  void aReferenceHasItsParts() {
    assertEquals(new HubReference("a", "b-1.5_C", null), HubReference.parse("a/b-1.5_C"));
    assertEquals("q/m.gguf", HubReference.parse("a/b:q/m.gguf").file());
  }
}
