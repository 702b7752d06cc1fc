"""All settings, read once from the environment, in an entrypoint.

Nothing else in the product looks at the environment. A wrong environment is reported whole:
every fault, each with the variable's name, its value and what would be right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from choreo.errors import InvalidSettings
from choreo.tokens import read_tokens

CLOUD_RATE_PER_MINUTE, CLOUD_VIDEOS_PER_DAY = 120, 200
"""One caller's limits on Cloud Run unless they are set: no person reaches them."""

JOB_MEMORY_MIB, JOB_CPU_SECONDS = 4_096, 7_200
"""A render of four minutes asks for 1,300 MiB and uses 20 s; two hours of encoding fit."""

INGEST_MEMORY_MIB, INGEST_CPU_SECONDS = 6_144, 1_800
"""Half an hour of music needs 40 s, ten minutes of a camera's largest picture 15 minutes."""


class Role(StrEnum):
    """The entrypoint that asks; it decides which settings are needed."""

    REQUEST_HANDLER = "request_handler"
    PLANNER = "planner"
    JOB = "job"
    CATALOG = "catalog"


@dataclass(frozen=True)
class Settings:
    """Where the parts are and how they behave. Secrets are kept out of `repr`."""

    media_root: Path
    """Folder of the filesystem store."""
    database_url: str = field(repr=False)
    """SQLAlchemy URL; empty when `cloud_sql_instance` is used."""
    cloud_sql_instance: str
    """`project:region:instance`, or empty."""
    cloud_sql_ip: str
    """Which of the instance's addresses to use: `private`, `public` or `psc`."""
    db_name: str
    db_user: str
    db_password: str = field(repr=False)
    """Empty with a Cloud SQL instance: IAM logs in."""
    use_gcs: bool
    gcs_bucket_name: str
    pubsub_topic: str
    """`projects/P/topics/T`, or empty for direct push."""
    planner_url: str
    """Where direct push delivers."""
    render_job: str
    """`projects/P/locations/L/jobs/J`, or empty for child processes."""
    jobs_api_endpoint: str
    """`http://host:port` of a local jobs service; empty for Google's."""
    job_python: str
    """Python that runs the job as a child process."""
    job_script: str
    """The job's `main.py`, for child processes."""
    gemini_api_key: str = field(repr=False)
    gemini_api_key_secret: str
    """Secret Manager name `projects/P/secrets/S/versions/V`, or empty."""
    gemini_model: str
    gemini_api_endpoint: str
    embeddings_cache_ttl: float
    """Seconds."""
    vector_search_top_k: int
    faiss_use_gpu: bool
    faiss_nprobe: int
    lease_seconds: float
    """How long a worker may stay silent before its task is given to another one."""
    videos_kept_days: float
    """Days after which a finished video is removed; 0 for never."""
    scratch: Path | None
    """Where the job keeps its working files; None for the system's temporary folder."""
    job_memory_mib: int
    """Address space that a render job may ask for, in MiB; 0 for any."""
    job_cpu_seconds: int
    """Processor time that a render job may use; 0 for any."""
    ingest_memory_mib: int
    """Address space that one process of an ingest may ask for, in MiB; 0 for any."""
    ingest_cpu_seconds: int
    """Processor time that an ingest may spend on one file; 0 for any."""
    task_id: str
    blueprint_json: str = field(repr=False)
    traceparent: str
    """W3C trace context that the planner hands to the job, or empty."""
    api_token: str = field(repr=False)
    """Tokens of the API's callers, see `choreo.tokens`; empty for an open API."""
    api_token_secret: str
    """Secret Manager name of the tokens, `projects/P/secrets/S/versions/V`, or empty."""
    cors_origins: tuple[str, ...]
    """Origins of other pages that may use the API from a browser, such as `https://example.com`."""
    forwarded_hops: int
    """How many proxies append to X-Forwarded-For before a request is here; 0: none is believed."""
    rate_per_minute: int
    """Requests that one caller may post in a minute; 0 for any number."""
    videos_per_day: int
    """Videos that one caller may ask for in a day (UTC); 0 for any number."""
    metrics: str
    """Where measurements go: `log`, or `off`."""
    librarian_url: str
    """Where the service listens that takes own media in; empty: there is none, as in the cloud."""
    inbox: Path
    """Folder in which what people upload waits for that service, and stays."""
    upload_limit: int
    """Bytes of one uploaded file, at most."""

    @property
    def project(self) -> str:
        """The Google Cloud project that the other settings name, or empty."""
        if self.cloud_sql_instance:
            return self.cloud_sql_instance.split(":")[0]
        return (self.pubsub_topic or self.render_job).removeprefix("projects/").split("/")[0]

    @classmethod
    def from_env(cls, env: Mapping[str, str], role: Role) -> "Settings":
        """Read `env`.

        Raises:

            InvalidSettings: With all faults.
        """
        reader = _Reader(env)
        library = Path(reader.text("LIBRARY", "library"))
        in_cloud = bool(reader.text("K_SERVICE"))
        settings = cls(
            media_root=Path(reader.text("MEDIA_ROOT", str(library / "media"))),
            database_url=_database_url(reader, library),
            cloud_sql_instance=reader.text("CLOUD_SQL_INSTANCE"),
            cloud_sql_ip=reader.choice("CLOUD_SQL_IP", ("private", "public", "psc")),
            db_name=reader.text("DB_NAME", "choreo"),
            db_user=reader.text("DB_USER"),
            db_password=reader.text("DB_PASSWORD"),
            use_gcs=reader.flag("USE_GCS"),
            gcs_bucket_name=reader.text("GCS_BUCKET_NAME"),
            pubsub_topic=reader.resource("PUBSUB_TOPIC", "projects/P/topics/T"),
            planner_url=reader.text("PLANNER_URL"),
            render_job=reader.resource("RENDER_JOB", "projects/P/locations/L/jobs/J"),
            jobs_api_endpoint=reader.text("JOBS_API_ENDPOINT"),
            job_python=reader.text("JOB_PYTHON"),
            job_script=reader.text("JOB_SCRIPT"),
            gemini_api_key=reader.text("GEMINI_API_KEY"),
            gemini_api_key_secret=reader.resource(
                "GEMINI_API_KEY_SECRET", "projects/P/secrets/S/versions/V"
            ),
            gemini_model=reader.text("GEMINI_MODEL", "gemini-2.5-flash"),
            gemini_api_endpoint=reader.text("GEMINI_API_ENDPOINT"),
            embeddings_cache_ttl=reader.number("MOVE_EMBEDDINGS_CACHE_TTL", 3600, 0, 7 * 86_400),
            vector_search_top_k=int(reader.number("VECTOR_SEARCH_TOP_K", 20, 1, 1000)),
            faiss_use_gpu=reader.flag("FAISS_USE_GPU"),
            faiss_nprobe=int(reader.number("FAISS_NPROBE", 1, 1, 4096)),
            lease_seconds=reader.number("LEASE_SECONDS", 60, 1, 600),
            videos_kept_days=reader.number("VIDEOS_KEPT_DAYS", 30, 0, 36_500),
            scratch=Path(reader.text("SCRATCH_DIR")) if reader.text("SCRATCH_DIR") else None,
            job_memory_mib=reader.limit("JOB_MEMORY_MIB", JOB_MEMORY_MIB),
            job_cpu_seconds=reader.limit("JOB_CPU_SECONDS", JOB_CPU_SECONDS),
            ingest_memory_mib=reader.limit("INGEST_MEMORY_MIB", INGEST_MEMORY_MIB),
            ingest_cpu_seconds=reader.limit("INGEST_CPU_SECONDS", INGEST_CPU_SECONDS),
            task_id=reader.text("TASK_ID"),
            blueprint_json=reader.text("BLUEPRINT_JSON"),
            traceparent=reader.text("TRACEPARENT"),
            api_token=reader.text("API_TOKEN"),
            api_token_secret=reader.resource("API_TOKEN_SECRET", "projects/P/secrets/S/versions/V"),
            cors_origins=reader.origins("CORS_ORIGINS"),
            # Cloud Run names each service; what follows from being there can be set otherwise.
            forwarded_hops=int(reader.number("FORWARDED_HOPS", 1 if in_cloud else 0, 0, 5)),
            rate_per_minute=reader.limit("RATE_PER_MINUTE", CLOUD_RATE_PER_MINUTE * in_cloud),
            videos_per_day=reader.limit("VIDEOS_PER_DAY", CLOUD_VIDEOS_PER_DAY * in_cloud),
            metrics=reader.choice("METRICS", ("off", "log")),
            librarian_url=reader.text("LIBRARIAN_URL"),
            inbox=library / "inbox",
            upload_limit=int(reader.number("UPLOAD_LIMIT_MIB", 2048, 1, 8192)) << 20,
        )
        reader.check_blueprint_version()
        faults = [*reader.faults, *_contradictions(settings, role)]
        if faults:
            raise InvalidSettings(faults)
        return settings


class _Reader:
    """Reads single variables and gathers their faults."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.faults: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self._env.get(name, "").strip() or default

    def flag(self, name: str) -> bool:
        value = self.text(name, "false").lower()
        if value not in ("true", "false", "1", "0"):
            self.faults.append(f"{name} is {value!r}; it must be true or false")
        return value in ("true", "1")

    def choice(self, name: str, legal: tuple[str, ...]) -> str:
        value = self.text(name, legal[0]).lower()
        if value not in legal:
            self.faults.append(f"{name} is {value!r}; it must be one of {', '.join(legal)}")
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        text = self.text(name)
        try:
            value = float(text) if text else default
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            self.faults.append(f"{name} is {text!r}; it must be a number from {least} to {most}")
            return default
        return value

    def limit(self, name: str, default: int) -> int:
        return int(self.number(name, default, 0, 1_000_000))

    def origins(self, name: str) -> tuple[str, ...]:
        found = tuple(part.strip() for part in self.text(name).split(",") if part.strip())
        for origin in found:
            if not _is_origin(origin):
                self.faults.append(
                    f"{name} has {origin!r}; each origin must look like https://example.com, "
                    "without a path, and is named in full"
                )
        return found

    def resource(self, name: str, shape: str) -> str:
        value = self.text(name)
        wanted, found = shape.split("/"), value.split("/")
        fits = len(wanted) == len(found) and all(
            part and (part == model or model.isupper())
            for model, part in zip(wanted, found, strict=True)
        )
        if value and not fits:
            self.faults.append(f"{name} is {value!r}; it must look like {shape}")
        return value

    def check_blueprint_version(self) -> None:
        version = self.text("BLUEPRINT_VERSION")
        if version and not version.startswith("1."):
            self.faults.append(f"BLUEPRINT_VERSION is {version!r}; this release writes 1.x")


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return False
    # What a browser sends is compared letter by letter.
    whole = f"{parts.scheme}://{parts.netloc}"
    return bool(named) and whole == text == text.lower() and "@" not in text and "*" not in text


def _database_url(reader: _Reader, library: Path) -> str:
    url, host = reader.text("DATABASE_URL"), reader.text("DB_HOST")
    instance = reader.text("CLOUD_SQL_INSTANCE")
    chosen = [
        name
        for name, value in (
            ("DATABASE_URL", url),
            ("DB_HOST", host),
            ("CLOUD_SQL_INSTANCE", instance),
        )
        if value
    ]
    if len(chosen) > 1:
        reader.faults.append(f"{' and '.join(chosen)} are set together; set one of them")
    if url:
        return url
    if host:
        from urllib.parse import quote

        if not reader.text("DB_USER"):
            reader.faults.append("DB_USER is missing; DB_HOST needs it")
        port = int(reader.number("DB_PORT", 5432, 1, 65_535))
        user = quote(reader.text("DB_USER"), safe="")
        password = quote(reader.text("DB_PASSWORD"), safe="")
        name = quote(reader.text("DB_NAME", "choreo"), safe="")
        return f"postgresql+pg8000://{user}:{password}@{host}:{port}/{name}"
    return "" if instance else f"sqlite:///{library.resolve() / 'choreo.db'}"


def _contradictions(settings: Settings, role: Role) -> list[str]:
    faults = []
    if settings.use_gcs and not settings.gcs_bucket_name:
        faults.append("GCS_BUCKET_NAME is missing; USE_GCS=true needs it")
    if settings.cloud_sql_instance and not settings.db_user:
        faults.append("DB_USER is missing; CLOUD_SQL_INSTANCE needs the IAM user's name")
    if settings.cloud_sql_instance and settings.cloud_sql_instance.count(":") != 2:
        faults.append(
            f"CLOUD_SQL_INSTANCE is {settings.cloud_sql_instance!r}; it must look like "
            "project:region:instance"
        )
    if settings.gemini_api_key and settings.gemini_api_key_secret:
        faults.append("GEMINI_API_KEY and GEMINI_API_KEY_SECRET are set together; set one of them")
    if settings.api_token and settings.api_token_secret:
        faults.append("API_TOKEN and API_TOKEN_SECRET are set together; set one of them")
    if settings.api_token:
        faults += [f"API_TOKEN: {fault}" for fault in read_tokens(settings.api_token)[1]]
    if role is Role.REQUEST_HANDLER and bool(settings.pubsub_topic) == bool(settings.planner_url):
        faults.append("exactly one of PUBSUB_TOPIC and PLANNER_URL must be set")
    if role is Role.PLANNER and not settings.render_job and not settings.job_script:
        faults.append("RENDER_JOB is missing (or JOB_PYTHON and JOB_SCRIPT for child processes)")
    if role is Role.JOB and not settings.task_id and not settings.blueprint_json:
        faults.append("TASK_ID is missing; the planner passes it")
    return faults
