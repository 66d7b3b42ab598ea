package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.heddle.backend.BackendOptions.Activations;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextCheckTest {
  private static final Entrant CPU = Entrant.heddle(new Settings(2, "cpu", null, "f32"));
  private static final Entrant OPENCL = Entrant.heddle(new Settings(2, "opencl", null, "f32"));
  private static final Entrant HALF = Entrant.heddle(new Settings(2, "opencl", null, "bf16"));
  private static final Entrant PEER = new Entrant("peer", CPU.settings());

  private static final Continuation FOX =
      new Continuation(List.of(7, 8, 9), List.of("", " quick fo", "x"));
  private static final Continuation DOG = new Continuation(List.of(4), List.of(" dog"));

  private static TextCheck check() {
    TextSettings settings = new TextSettings(CPU.settings(), Activations.FLOAT32, 2, 40);
    TextCheck check = new TextCheck(List.of(new int[30], new int[3], new int[1]), settings);
    assertNull(check.wrong(CPU, List.of(FOX, DOG)));
    return check;
  }

  private static Continuation text(String... pieces) {
    return new Continuation(List.of(), List.of(pieces));
  }

  @Test
  void tokensAreComparedByIdsOrByTheirText() {
    assertEquals(3, FOX.agreed(FOX));
    assertEquals(1, FOX.agreed(new Continuation(List.of(7, 9, 9), List.of("a", "b", "c"))));
    assertEquals(3, FOX.agreed(text("quick ", "fox", " jumps")));
    assertEquals(2, FOX.agreed(text("quick fog")));
    assertEquals(0, FOX.agreed(text("quick")), "the first token is not to be seen by itself");
    assertEquals(0, DOG.agreed(text("cat")));
  }

  @Test
  void inFloat32EveryTokenMustAgree() {
    Continuation other = new Continuation(List.of(7, 8, 1), FOX.pieces());
    assertNull(check().wrong(OPENCL, List.of(FOX, DOG)));
    assertEquals(
        "wrong result beside heddle on cpu: token 2 behind text 0 is 1, not 9",
        check().wrong(OPENCL, List.of(other, DOG)));
    assertNull(check().wrong(HALF, List.of(other, DOG)));
  }

  @Test
  void ofOtherArithmeticHalfOfTheTextsMustBeginAlike() {
    assertNull(check().wrong(PEER, List.of(text("a"), text("dog"))));
    assertEquals(
        "wrong result beside heddle on cpu: only 0 of 2 texts are continued with the same token"
            + " at first",
        check().wrong(PEER, List.of(text("#"), text("#"))));
  }

  @Test
  void promptsLeaveRoomForWhatFollowsThem() {
    TextCheck check = check();
    assertEquals(16, check.tokens());
    assertEquals(List.of(2, 2), check.calls().stream().map(call -> call.length).toList());
    assertEquals(24, check.calls().getFirst()[0].length);
    assertEquals(24, check.calls().getLast()[1].length, "the first one again");
  }
}
