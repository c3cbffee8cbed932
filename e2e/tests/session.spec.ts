import { email, expect, live, PASSWORD, test } from './fixtures.ts';

test('a wrong password is reported in place, the right one signs in', async ({ stranger }) => {
  const page = await stranger();
  await page.goto('/');
  await expect(page).toHaveURL(/\/sign-in$/);
  await page.getByLabel('Email').fill(email('analyst'));
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toHaveText('Incorrect email or password.');
  await expect(page.getByLabel('Email')).toHaveValue(email('analyst'));

  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Dashboard' })).toBeVisible();
});

test('an ended session leads to the sign-in page and back to the same place', async ({ stranger }) => {
  const page = await stranger();
  await page.goto('/calendar?view=agenda');
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  const signIn = async () => {
    await page.getByLabel('Email').fill(email('manager'));
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await signIn();
  await expect(page).toHaveURL(/\/calendar\?view=agenda$/);
  await live(page);

  // It ends elsewhere: this page learns about it only through its stream.
  const ended = await page.request.post('/api/v1/auth/logout', {
    headers: { origin: new URL(page.url()).origin },
  });
  expect(ended.status()).toBe(204);
  await expect(page.getByText('Your session has ended.')).toBeVisible({ timeout: 20_000 });
  await signIn();
  await expect(page).toHaveURL(/\/calendar\?view=agenda$/);
});

test('never goes to a foreign site after the sign-in', async ({ stranger }) => {
  const page = await stranger();
  await page.goto('/sign-in?next=//evil.example/');
  await page.getByLabel('Email').fill(email('manager'));
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/^http:\/\/[^/]+\/dashboard$/);
});

test('signing out ends the session', async ({ stranger }) => {
  const page = await stranger();
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(email('analyst'));
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in$/);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect((await page.request.get('/api/v1/me')).status()).toBe(401);
  await page.goto('/inbox');
  await expect(page).toHaveURL(/\/sign-in\?next=%2Finbox$/);
});
