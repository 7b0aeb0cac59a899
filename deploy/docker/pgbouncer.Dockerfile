# PgBouncer 1.18 of Debian 12. The configuration and the list of users are mounted.
FROM debian:12-slim AS package
RUN apt-get update && apt-get download pgbouncer && dpkg-deb -x pgbouncer_*.deb /unpacked

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends libc-ares2 libevent-2.1-7 libpam0g libssl3 libsystemd0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin pgbouncer
COPY --from=package /unpacked/usr/sbin/pgbouncer /usr/sbin/pgbouncer
USER 10001:10001
EXPOSE 6432
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/sbin/pgbouncer"]
CMD ["/etc/pgbouncer/pgbouncer.ini"]
