package dev.heddle.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.File;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Holds the table of docs/architecture.md: which module may use which. The modules are those of the
 * class path, their packages those of their descriptors, so a new package needs no line here.
 */
class LayersTest {
  private static final String OURS = "dev.heddle.";

  /** For each module, the modules of the project that its classes may use. */
  private static final Map<String, Set<String>> MAY_USE =
      Map.of(
          "dev.heddle.core", Set.of(),
          "dev.heddle.cpu", Set.of("dev.heddle.core"),
          "dev.heddle.kernels", Set.of("dev.heddle.core"),
          "dev.heddle.opencl", Set.of("dev.heddle.core", "dev.heddle.kernels"),
          "dev.heddle.cuda", Set.of("dev.heddle.core", "dev.heddle.kernels"),
          "dev.heddle.transformer", Set.of("dev.heddle.core"),
          "dev.heddle.cli", Set.of("dev.heddle.core", "dev.heddle.transformer"),
          "dev.heddle.bench",
              Set.of(
                  "dev.heddle.core",
                  "dev.heddle.cpu",
                  "dev.heddle.kernels",
                  "dev.heddle.opencl",
                  "dev.heddle.cuda",
                  "dev.heddle.transformer",
                  "dev.heddle.cli"));

  private static final Map<String, ModuleReference> MODULES = modules();

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.heddle");

  @Test
  void everyModuleHasItsRowInTheTable() {
    assertEquals(new TreeSet<>(MAY_USE.keySet()), new TreeSet<>(MODULES.keySet()));
  }

  @TestFactory
  Stream<DynamicTest> aModuleUsesOnlyWhatItsRowAllows() {
    return MAY_USE.entrySet().stream()
        .map(row ->
            DynamicTest.dynamicTest(
                row.getKey(),
                () ->
                    classes()
                        .that(in(Set.of(row.getKey())))
                        .should()
                        .onlyDependOnClassesThat(
                            in(row.getValue()).or(in(Set.of(row.getKey()))).or(notOurs()))
                        .allowEmptyShould(true)
                        .check(CLASSES)));
  }

  @Test
  void theCoreUsesTheJdkOnly() {
    classes()
        .that(in(Set.of("dev.heddle.core")))
        .should()
        .onlyDependOnClassesThat(
            in(Set.of("dev.heddle.core")).or(JavaClass.Predicates.resideInAPackage("java..")))
        .check(CLASSES);
  }

  @Test
  void nobodyNamesADeviceApiAboveABackend() {
    noClasses()
        .that(in(Set.of("dev.heddle.core", "dev.heddle.transformer", "dev.heddle.cli")))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jdk.incubator.vector..", "jcuda..", "org.jocl..")
        .check(CLASSES);
  }

  @Test
  void onlyTheOpenClBackendNamesJocl() {
    noClasses()
        .that(in(Set.of("dev.heddle.kernels", "dev.heddle.cpu", "dev.heddle.bench")))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.jocl..")
        .check(CLASSES);
  }

  @Test
  void onlyTheCudaBackendNamesJCuda() {
    noClasses()
        .that(
            in(
                Set.of(
                    "dev.heddle.kernels",
                    "dev.heddle.cpu",
                    "dev.heddle.opencl",
                    "dev.heddle.bench")))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jcuda..")
        .check(CLASSES);
  }

  @Test
  void onlyTheCommandEndsTheProcess() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("dev.heddle.cli.Main")
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class)
        .check(CLASSES);
  }

  @Test
  void librariesPrintNothing() {
    noClasses()
        .that(
            in(
                Set.of(
                    "dev.heddle.core",
                    "dev.heddle.cpu",
                    "dev.heddle.kernels",
                    "dev.heddle.opencl",
                    "dev.heddle.cuda",
                    "dev.heddle.transformer")))
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .orShould()
        .callMethod(Throwable.class, "printStackTrace")
        .check(CLASSES);
  }

  @Test
  void aServiceIsProvidedOnTheClassPathAsOnTheModulePath() throws IOException {
    for (ModuleReference module : MODULES.values()) {
      Map<String, Set<String>> declared = new TreeMap<>();
      for (ModuleDescriptor.Provides provides : module.descriptor().provides()) {
        declared.put(provides.service(), new TreeSet<>(provides.providers()));
      }
      assertEquals(declared, servicesByFile(module), module.descriptor().name());
    }
  }

  private static Map<String, Set<String>> servicesByFile(ModuleReference module)
      throws IOException {
    Map<String, Set<String>> services = new TreeMap<>();
    String folder = "META-INF/services/";
    try (ModuleReader reader = module.open();
        Stream<String> names = reader.list()) {
      List<String> files =
          names.filter(name -> name.startsWith(folder) && !name.endsWith("/")).toList();
      for (String file : files) {
        String text =
            new String(reader.open(file).orElseThrow().readAllBytes(), StandardCharsets.UTF_8);
        services.put(
            file.substring(folder.length()),
            text.lines()
                .map(line -> line.replaceFirst("#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .collect(Collectors.toCollection(TreeSet::new)));
      }
    }
    return services;
  }

  /** Classes of the packages of {@code modules}. */
  private static DescribedPredicate<JavaClass> in(Set<String> modules) {
    Set<String> packages =
        modules.stream()
            .flatMap(name -> MODULES.get(name).descriptor().packages().stream())
            .collect(Collectors.toSet());
    return DescribedPredicate.describe(
        "in " + modules, type -> packages.contains(type.getBaseComponentType().getPackageName()));
  }

  private static DescribedPredicate<JavaClass> notOurs() {
    return DescribedPredicate.describe(
        "of the JDK or a library",
        type -> !type.getBaseComponentType().getPackageName().startsWith(OURS));
  }

  private static Map<String, ModuleReference> modules() {
    Path[] entries =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(Path::of)
            .filter(LayersTest::holdsAModule)
            .toArray(Path[]::new);
    Map<String, ModuleReference> modules = new TreeMap<>();
    for (ModuleReference module : ModuleFinder.of(entries).findAll()) {
      modules.put(module.descriptor().name(), module);
    }
    assertFalse(modules.isEmpty(), "no module of Heddle on the class path");
    return modules;
  }

  private static boolean holdsAModule(Path entry) {
    return Files.isRegularFile(entry.resolve("module-info.class"))
        || entry.getFileName().toString().startsWith("heddle-");
  }
}
