# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats F: the files and databases of sessions, and where a token is sent."""

from tests.attacks.threat import Defence, Threat

FILES = "src/valetkey/store/backends/private_files.py"
SQLITE = "src/valetkey/store/backends/sqlite.py"
TURNS = "src/valetkey/store/backends/sqlite_turns.py"
KEYS = "src/valetkey/store/encryption/keys.py"
ENCRYPTED = "src/valetkey/store/encryption/encrypted.py"
PROTECTED = "src/valetkey/store/encryption/protected.py"
MEMBERS = "src/valetkey/_sessions/members.py"
CODEC = "src/valetkey/_sessions/codec.py"
REACH = "src/valetkey/_policy/reach.py"
LEGS = "src/valetkey/_engine/legs.py"
NAMED = "src/valetkey/_adapters/named_addresses.py"
URLS = "src/valetkey/urls.py"
CHECKED = "src/valetkey/store/checked.py"

USER = "another user of this machine"
WRITER = "a program that can write into the store"
TENANT = "another customer on the MCP server's origin"
ROOT = "root, backups and snapshots"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="F1",
        attacker=USER,
        controls="reading of files; a umask of 000",
        gets="nothing: files are made with mode 0600, folders with 0700",
        remains=ROOT,
        test="test_store.py::test_no_other_user_can_read_a_store_whatever_the_umask_is",
        defences=(
            Defence(FILES, "os.O_RDWR, 0o600))", "os.O_RDWR, 0o666))"),
            Defence(FILES, "path.mkdir(mode=0o700, exist_ok=True)", "path.mkdir(exist_ok=True)"),
        ),
    ),
    Threat(
        id="F2",
        attacker=USER,
        controls="a store file that its owner has left readable",
        gets="what was in it before: it is closed, and a warning names it",
        remains="what was read before",
        test="test_store.py::test_a_store_that_others_could_read_is_closed_to_them_and_the_user_is_told",
        defences=(
            Defence(FILES, "is_mounted or not found.st_mode & _OTHERS else", "True else"),
            Defence(FILES, "_logger.warning(", "_logger.debug("),
        ),
    ),
    Threat(
        id="F3",
        attacker=USER,
        controls="a store file of his own at the place of ours",
        gets="nothing: a file of another user is not used",
        remains=ROOT,
        test="test_store.py::test_a_store_that_another_user_has_planted_is_not_used",
        defences=(Defence(FILES, "if found.st_uid not in (os.geteuid(), 0):", "if False:"),),
    ),
    Threat(
        id="F4",
        attacker=USER,
        controls="a folder such as /tmp, in which he can make files",
        gets="nothing: such a folder is refused, also with the sticky bit",
        remains="",
        test="test_store.py::test_a_folder_in_which_another_user_could_plant_a_journal_is_not_used",
        defences=(Defence(FILES, "if target.st_mode & _OTHERS_WRITE:", "if False:"),),
    ),
    Threat(
        id="F5",
        attacker=USER,
        controls="a journal that he has put beside the file while he could",
        gets="nothing: SQLite does not see it",
        remains="",
        test="test_store.py::test_a_journal_that_another_user_has_planted_is_not_applied",
        defences=(Defence(FILES, '            _check_one(f"{path}{name}")', "            pass"),),
    ),
    Threat(
        id="F6",
        attacker=USER,
        controls="a symbolic link in place of the file",
        gets="nothing: it is not followed",
        remains="",
        test="test_store.py::test_a_link_in_place_of_the_store_leads_nowhere",
        defences=(
            Defence(FILES, "if stat.S_ISLNK(found.st_mode):", "if False:"),
            Defence(FILES, "os.O_CREAT | os.O_EXCL | os.O_RDWR", "os.O_CREAT | os.O_RDWR"),
        ),
    ),
    Threat(
        id="F7",
        attacker=USER,
        controls="a pipe in place of the file",
        gets="nothing: it is not opened, and no thread waits",
        remains="",
        test="test_store.py::test_a_pipe_in_place_of_a_store_is_not_opened",
        defences=(Defence(FILES, "if not stat.S_ISREG(found.st_mode):", "if False:", never_ends=True),),
    ),
    Threat(
        id="F8",
        attacker=USER,
        controls="a pipe in place of the key file",
        gets="nothing: it is refused, and no thread waits",
        remains="",
        test="test_store.py::test_a_pipe_in_place_of_a_key_is_not_waited_for",
        defences=(Defence(FILES, 'flags | getattr(os, "O_NONBLOCK", 0)', "flags", never_ends=True),),
    ),
    Threat(
        id="F9",
        attacker=USER,
        controls="reading of a key file",
        gets="nothing that is encrypted with it: a key that others can read is refused",
        remains="what was encrypted with it before",
        test="test_store.py::test_a_key_that_another_user_can_read_is_not_used",
        defences=(Defence(KEYS, "elif found.st_mode & readers:", "elif False:"),),
    ),
    Threat(
        id="F10",
        attacker=USER,
        controls="a lock on a lock file that he can read",
        gets="nothing: the folder of locks is closed to him",
        remains="another program of the same user can hold a lock; then a call fails in time",
        test="test_store.py::test_no_other_user_can_hold_a_lock_of_ours_for_ever",
        defences=(Defence(FILES, "        os.chmod(folder, 0o700)", "        pass"),),
    ),
    Threat(
        id="F11",
        attacker=USER,
        controls="the folder of locks",
        gets="nothing: a folder of another user is refused",
        remains="",
        test="test_store.py::test_locks_in_a_folder_of_another_user_are_not_taken",
        defences=(Defence(FILES, "if {link.st_uid, target.st_uid} - {os.geteuid(), 0}:", "if False:"),),
    ),
    Threat(
        id="F12",
        attacker=USER,
        controls="a folder on the way to the store, in one that all can write",
        gets="nothing: such a way is refused",
        remains="a folder that all can write without the sticky bit: ours can be moved away between look and opening",
        test="test_store.py::test_another_users_folder_in_a_shared_one_leads_to_no_store",
        defences=(Defence(FILES, "    _check_above(str(folder), link)", "    pass"),),
    ),
    Threat(
        id="F13",
        attacker="a later reader of the file or of the disk",
        controls="the file after a logout",
        gets="no token: what is deleted is overwritten",
        remains="copies that the file system or the disk keeps",
        test="test_store.py::test_a_deleted_token_is_not_in_the_file_any_more",
        defences=(Defence(TURNS, "PRAGMA secure_delete = ON", "PRAGMA secure_delete = OFF"),),
    ),
    Threat(
        id="F14",
        attacker=WRITER,
        controls="records of an encrypted store, which it can copy",
        gets="nothing: a record is bound to its key",
        remains="an older value of the same record is not noticed",
        test="test_store.py::test_a_record_that_is_put_in_anothers_place_is_not_read",
        defences=(
            Defence(ENCRYPTED, '    return _SCHEMA + key.encode("utf-8", "surrogatepass")', "    return _SCHEMA"),
        ),
    ),
    Threat(
        id="F15",
        attacker=WRITER,
        controls="a plain record in an encrypted store",
        gets="nothing: it is refused",
        remains="in a plain store, what it writes is read: endpoints can be changed, within what the guard allows",
        test="test_store.py::test_a_plain_record_that_is_put_into_an_encrypted_store_is_not_read",
        defences=(Defence(ENCRYPTED, "        if not is_encrypted(value):\n", "        if False:\n"),),
    ),
    Threat(
        id="F16",
        attacker="who takes the key away",
        controls="the environment or the keyring of a program",
        gets="no plain record: an encrypted store is locked without its key",
        remains="",
        test="test_store.py::test_an_encrypted_store_does_not_become_plain_where_its_key_is_gone",
        defences=(
            Defence(
                PROTECTED,
                "        if names is not None:\n            return self._unlock(names)",
                "        if 0:\n            pass",
            ),
        ),
    ),
    Threat(
        id="F17",
        attacker=WRITER,
        controls="the access token of a record",
        gets="no header in a request: a token is visible ASCII",
        remains="in a plain store, its own token is sent",
        test="test_store.py::test_a_record_cannot_put_a_header_into_a_request",
        defences=(Defence(MEMBERS, "if not value or not fits_header(value):", "if not value:"),),
    ),
    Threat(
        id="F18",
        attacker=WRITER,
        controls="the bytes of a record",
        gets="a StoreError: records are JSON, and nothing is unpickled",
        remains="",
        test="test_store.py::test_nothing_in_a_store_is_run",
        defences=(
            Defence(
                CODEC, "        document = json.loads(value)", '        document = __import__("pickle").loads(value)'
            ),
        ),
    ),
    Threat(
        id="F19",
        attacker=WRITER,
        controls="the length of a record",
        gets="a StoreError before it is parsed",
        remains="it is read into memory once",
        test="test_store.py::test_a_record_is_not_made_too_long_to_read",
        defences=(Defence(CODEC, "json.loads(value) if len(value) <= _LONGEST else None", "json.loads(value)"),),
    ),
    Threat(
        id="F20",
        attacker="a program that is late",
        controls="a write on a version of a record that has been replaced",
        gets="a conflict: the newer token stays",
        remains="",
        test="test_store.py::test_a_token_of_an_old_record_does_not_overwrite_the_new_one",
        defences=(Defence(SQLITE, "    if not is_met(wanted,", "    if False and not is_met(wanted,"),),
    ),
    Threat(
        id="F21",
        attacker=WRITER,
        controls="what makes a backend of the user's own raise",
        gets="a StoreError with its cause",
        remains="",
        test="test_store.py::test_a_backend_that_fails_in_its_own_way_fails_as_a_store",
        defences=(
            Defence(CHECKED, "        except Exception as error:", "        except StopAsyncIteration as error:"),
        ),
    ),
    Threat(
        id="F22",
        attacker=WRITER,
        controls="a time in a record that no clock has",
        gets="a StoreError; nothing is sent, and no person is asked",
        remains="the session cannot be used until the record is gone",
        test="test_store.py::test_a_damaged_record_sends_nothing_and_asks_no_person",
        defences=(Defence(MEMBERS, " or not 0 <= value < _LATEST:", ":"),),
    ),
    Threat(
        id="F23",
        attacker=TENANT,
        controls="another path, to which the program sends a request",
        gets="no token: it goes where the session's resource covers",
        remains="everything on the origin, if the server publishes its origin as the resource",
        test="test_store.py::test_another_customer_on_the_servers_origin_gets_no_token",
        defences=(
            Defence(REACH, "    if _is_same(url, server_url):\n        return True\n", "    return True\n"),
            Defence(URLS, "    if not _with_last_slash(asked.path).startswith(start):", "    if False:"),
        ),
    ),
    Threat(
        id="F24",
        attacker=TENANT,
        controls="a path with a way up in some encoding",
        gets="no token: it is decoded until nothing changes",
        remains="a server with an encoding of its own",
        test="test_store.py::test_no_way_up_leads_to_another_customer",
        defences=(
            Defence(URLS, "return start == _PATH_SLASH or not _climbs(asked.path[len(start) :])", "return True"),
            Defence(URLS, "        path = decoded\n", "        return False\n"),
            Defence(URLS, 'segment.partition(";")[0]', "segment"),
            Defence(URLS, '_FILLING.sub("", segment.partition(";")[0])', 'segment.partition(";")[0]'),
        ),
    ),
    Threat(
        id="F25",
        attacker=TENANT,
        controls="the well-known documents of the origin, in any spelling of their path",
        gets="no token",
        remains="",
        test="test_store.py::test_a_well_known_document_gets_no_token_where_the_resource_is_the_origin",
        defences=(
            Defence(REACH, "    if unquote(path_of(url)).startswith(_WELL_KNOWN):", "    if False:"),
            Defence(REACH, "    if unquote(path_of(url)).startswith", "    if path_of(url).startswith"),
        ),
    ),
    Threat(
        id="F26",
        attacker=TENANT,
        controls="the query of a request",
        gets="no token: what the server's URL has in its query must be there, and say nothing else",
        remains="",
        test="test_store.py::test_another_customer_in_the_query_gets_no_token",
        defences=(Defence(REACH, "found.get(name) == values for", "True for"),),
    ),
    Threat(
        id="F27",
        attacker="a server that the MCP server redirects to",
        controls="an event stream that names an address on the MCP server's origin",
        gets="no token: only a stream of the MCP server names one",
        remains="",
        test="test_store.py::test_a_stream_of_another_server_names_no_address_for_the_token",
        defences=(Defence(NAMED, "    if not engine.serves(str(response.url)):\n        return\n", ""),),
    ),
    Threat(
        id="F28",
        attacker="the MCP server",
        controls="the address that it names for itself",
        gets="no token at another origin, and none at a path of that name here",
        remains="any path of its own origin",
        test="test_store.py::test_a_server_names_no_address_of_another_origin",
        defences=(Defence(LEGS, "if url is None or not urls.same_origin(url, self._server_url):", "if url is None:"),),
    ),
    Threat(
        id="F29",
        attacker=USER,
        controls="a second name (hard link) of the file",
        gets="no later token: such a file is refused",
        remains="",
        test="test_store.py::test_the_file_is_not_left_with_a_second_name",
        defences=(Defence(FILES, "    if found.st_nlink > 1:", "    if False:"),),
    ),
    Threat(
        id="F30",
        attacker=USER,
        controls="a key file of his own",
        gets="nothing: he would know the key, and it is refused",
        remains="",
        test="test_store.py::test_a_key_of_another_user_is_not_used",
        defences=(Defence(KEYS, "    if not owned_by_root and found.st_uid != os.geteuid():", "    if False:"),),
    ),
)
