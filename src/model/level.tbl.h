/*
 * level.tbl.h - what makes a changed file delicate.  Include with
 * LEVEL_TOUCH(bit, shift, level, what) and, or either,
 * LEVEL_WORDS(bit, words), LEVEL_NAMES(bit, names) defined:
 *   words   of a path's components, as "user_auth", "AuthService" and "auth/"
 *           have them; a star at the end stands for any ending
 *   names   of the file itself, with at most one star each
 */
#ifdef LEVEL_TOUCH
LEVEL_TOUCH(TOUCH_API, 3, LEVEL_REVIEW, "a public interface changes")
LEVEL_TOUCH(TOUCH_AUTH, 4, LEVEL_REVIEW, "it touches authentication or permissions")
LEVEL_TOUCH(TOUCH_CRYPTO, 5, LEVEL_REVIEW, "it touches cryptography or secrets")
LEVEL_TOUCH(TOUCH_DEPENDENCY, 6, LEVEL_REVIEW, "what the project depends on changes")
LEVEL_TOUCH(TOUCH_CI, 7, LEVEL_REVIEW, "CI, hooks, owners or policy change")
LEVEL_TOUCH(TOUCH_BUILD, 8, LEVEL_REVIEW, "how it is built changes")
LEVEL_TOUCH(TOUCH_DATA, 9, LEVEL_PAIR, "the data model changes")
LEVEL_TOUCH(TOUCH_SHAPE, 10, LEVEL_PAIR, "the architecture changes")
#endif

#ifdef LEVEL_WORDS
LEVEL_WORDS(TOUCH_API, "api apis endpoint endpoints route routes rpc openapi swagger include")
LEVEL_WORDS(TOUCH_AUTH, "auth authn authz authent* authoriz* authoris* login logon signin signup logout oauth* oidc "
    "saml sso mfa totp jwt password* passwd session sessions token tokens permission* acl acls rbac role roles "
    "privilege* security sandbox* sudo* csrf cors")
LEVEL_WORDS(TOUCH_CRYPTO, "crypt* encrypt* decrypt* cipher* hmac tls ssl x509 cert certs certificate* keystore "
    "keyring bcrypt argon* signing signature signatures secret* credential* vault")
LEVEL_WORDS(TOUCH_DATA, "migration migrations migrate schema schemas alembic flyway liquibase prisma entity entities")
LEVEL_WORDS(TOUCH_SHAPE, "adr adrs architecture terraform k8s kubernetes helm ansible infra infrastructure")
LEVEL_WORDS(TOUCH_CI, "workflows")
#endif

#ifdef LEVEL_NAMES
LEVEL_NAMES(TOUCH_API, "*.h *.hh *.hpp *.hxx *.d.ts *.proto *.graphql *.graphqls *.thrift *.idl *.wsdl *.avdl "
    "openapi* swagger* *.sym *.def exports.* index.ts index.js __init__.py")
LEVEL_NAMES(TOUCH_DEPENDENCY, "package.json package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock* "
    "cargo.toml cargo.lock requirements*.txt pyproject.toml setup.py setup.cfg poetry.lock pdm.lock uv.lock "
    "pipfile pipfile.lock go.mod go.sum go.work gemfile gemfile.lock *.gemspec composer.json composer.lock "
    "pom.xml build.gradle* settings.gradle* gradle.lockfile libs.versions.toml *.csproj packages.lock.json "
    "directory.packages.props mix.exs mix.lock pubspec.yaml pubspec.lock package.swift package.resolved "
    "flake.nix flake.lock conanfile.* vcpkg.json deno.json deno.lock .npmrc .yarnrc* .pip.conf .gitmodules")
LEVEL_NAMES(TOUCH_CI, "codeowners .gitlab-ci.yml .travis.yml jenkinsfile azure-pipelines.yml "
    "bitbucket-pipelines.yml appveyor.yml .appveyor.yml .drone.yml .woodpecker* .cirrus* .build.yml "
    ".pre-commit* lefthook* .lefthook* .gitattributes .envrc .mcp.json dependabot.yml renovate.json")
LEVEL_NAMES(TOUCH_BUILD, "makefile gnumakefile *.mk cmakelists.txt *.cmake configure.ac meson.build build.zig "
    "build.rs *.bazel build.bazel workspace rakefile justfile *.nix webpack* vite.config* rollup* tsconfig*")
LEVEL_NAMES(TOUCH_DATA, "*.sql schema.* models.py *.prisma *.avsc *.dbml")
LEVEL_NAMES(TOUCH_SHAPE, "dockerfile* *.dockerfile containerfile* docker-compose* compose.y* *.tf *.tfvars "
    "chart.yaml kustomization.y* pnpm-workspace.yaml lerna.json nx.json turbo.json")
#endif
