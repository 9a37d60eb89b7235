// Which dialog stands over the page.
import { html, useClient, useStore } from '../dom.js';
import { ArchiveRoom, DeleteMessage, History, LeaveRoom, SignOutEverywhere, StartThread } from './confirms.js';
import { KeysDialog } from './keysdlg.js';
import { AddMember, Browse, EditRoom, NewDirect, NewRoom } from './rooming.js';
import { Settings } from './settings.js';
import { StepUp } from './stepup.js';
import { Switcher } from './switcher.js';

const DIALOGS = {
  switcher: Switcher, settings: Settings, keys: KeysDialog, step_up: StepUp, browse: Browse, new: NewRoom, new_direct: NewDirect, add_member: AddMember,
  edit_room: EditRoom, delete: DeleteMessage, leave: LeaveRoom, archive: ArchiveRoom, sign_out_everywhere: SignOutEverywhere, history: History, start_thread: StartThread,
};

export function Overlay() {
  const { act } = useClient();
  const overlay = useStore((state) => state.overlay);
  const there = useStore((state) => !state.overlay?.room || Boolean(state.rooms[state.overlay.room]));
  const Kind = overlay && there ? DIALOGS[overlay.kind] : null;
  return Kind ? html`<${Kind} key=${overlay.kind} overlay=${overlay} onClose=${() => act.overlay(null)} />` : null;
}
